"""Reads, replaces and removes the active-model file (standard library only)."""

from __future__ import annotations

import os

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.files import remove_file, replace_file
from gitver_hooks.gitfiles.location import Location

_LONGEST_MODEL_ID = 200


def read_active_model_file(path: str) -> str | None:
    """The model id in the active-model file at ``path``; None if the file does not exist.

    Raises GitverError if the file contains anything but one id. A symbolic link, which a branch can
    bring along, is not followed.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GitverError(f"{path} cannot be read: {error.strerror}", "remove it") from error
    try:
        content = os.read(descriptor, _LONGEST_MODEL_ID + 1)
    except OSError as error:
        raise GitverError(f"{path} cannot be read: {error.strerror}", "remove it") from error
    finally:
        os.close(descriptor)
    model_id = content.decode("ascii", "replace").strip()
    plain = model_id.replace("-", "").replace("_", "")
    if not plain.isalnum() or not plain.isascii() or len(content) > _LONGEST_MODEL_ID:
        raise GitverError(
            f"{path} does not contain a model id", "remove it; it is written again when needed"
        )
    return model_id


def write_active_model_file(location: Location, model_id: str) -> None:
    """Write ``model_id`` to the active-model file, unless the file contains it already.

    Raises GitverError if the file cannot be written.
    """
    path = location.active_model_file
    try:
        if read_active_model_file(path) == model_id:
            return
    except GitverError:
        pass
    try:
        # The temporary file is in the git dir, where `git status` does not see it.
        replace_file(
            path, f"{model_id}\n".encode(), temporary_folder=location.state_dir, mode=0o644
        )
    except OSError as error:
        raise GitverError(
            f"{path} cannot be written: {error.strerror}", "make the worktree's root writable"
        ) from error


def remove_active_model_file(location: Location) -> None:
    """Remove the active-model file if it exists. Raises GitverError if it cannot be removed."""
    try:
        remove_file(location.active_model_file)
    except OSError as error:
        raise GitverError(
            f"{location.active_model_file} cannot be removed: {error.strerror}",
            "remove it, because it may name the wrong version",
        ) from error

"""The active-model file and the state beside it: read, replaced atomically, removed.

Standard library only: an app's start reads through this module.
"""

from __future__ import annotations

import errno
import os
import time

from gitver_hooks.errors import GitverError
from gitver_hooks.location import Location

_LONGEST_MODEL_ID = 200


class ActiveState:
    """What was true when the active-model file of a worktree was last written or removed.

    ``model_id`` is empty while MLflow has not confirmed the version. ``tracking_uri`` and
    ``experiment`` (a name, or ``id:<id>``) say where the model is, without credentials; the
    ``*_source`` of each is ``environment``, ``settings`` or ``default``. ``store_file`` is the
    SQLite file behind it and ``store_inode`` its inode, both empty elsewhere. ``environment`` is
    what of the environment took part (see ``relevant_environment``).
    """

    __slots__ = FIELDS = (
        "version",
        "model_id",
        "model_name",
        "tracking_uri",
        "tracking_uri_source",
        "experiment",
        "experiment_source",
        "store_file",
        "store_inode",
        "on_stale",
        "recheck",
        "environment",
    )

    version: str
    model_id: str
    model_name: str
    tracking_uri: str
    tracking_uri_source: str
    experiment: str
    experiment_source: str
    store_file: str
    store_inode: str
    on_stale: str
    recheck: str
    environment: str

    def __init__(self, **values: str) -> None:
        for name in self.FIELDS:
            setattr(self, name, values.get(name, ""))


def read_state(location: Location) -> ActiveState | None:
    """The state of the worktree, or None where there is none that can be read."""
    try:
        with open(
            os.path.join(location.state_dir, "active"), encoding="utf-8", errors="surrogateescape"
        ) as file:
            lines = file.read().split("\n")
    except OSError:
        return None
    if lines[-2:] != ["end", ""]:
        return None
    values = dict(line.split("\t", 1) for line in lines[:-2] if "\t" in line)
    return ActiveState(**{name: _unescaped(value) for name, value in values.items()})


def write_state(location: Location, state: ActiveState) -> None:
    lines = [f"{name}\t{_escaped(getattr(state, name))}\n" for name in ActiveState.FIELDS]
    text = "".join([*lines, "end\n"])
    replace_file(
        os.path.join(location.state_dir, "active"), text.encode("utf-8", "surrogateescape")
    )


def remove_state(location: Location) -> None:
    try:
        os.unlink(os.path.join(location.state_dir, "active"))
    except FileNotFoundError:
        pass


def read_active_model_file(path: str) -> str | None:
    """The model id in the active-model file at ``path``, or None where there is no file.

    Raises GitverError for a file that holds anything else than one id.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
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
            f"{path} does not hold a model id", "remove it; it is written again when needed"
        )
    return model_id


def write_active_model_file(location: Location, model_id: str) -> None:
    """Make the active-model file hold ``model_id``; it is not touched where it does already."""
    path = location.active_model_file
    try:
        if read_active_model_file(path) == model_id and not os.path.islink(path):
            return
    except GitverError:
        pass
    try:
        # The temporary file lies in the git dir, where no `git status` can see it.
        replace_file(
            path, f"{model_id}\n".encode(), temporary_folder=location.state_dir, mode=0o644
        )
    except OSError as error:
        raise GitverError(
            f"{path} cannot be written: {error.strerror}", "make the worktree's root writable"
        ) from error


def remove_active_model_file(location: Location) -> None:
    try:
        os.unlink(location.active_model_file)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise GitverError(
            f"{location.active_model_file} cannot be removed: {error.strerror}",
            "remove it, it may name the wrong version",
        ) from error


def relevant_environment() -> str:
    """The ``GITVER_*`` variables that settings are made of, as one text to compare."""
    return "\n".join(
        sorted(
            f"{name}={value}"
            for name, value in os.environ.items()
            if name.startswith("GITVER_")
            and name not in ("GITVER_DISABLE", "GITVER_ON_STALE", "GITVER_SHIM", "GITVER_WAIT")
        )
    )


def replace_file(
    path: str,
    content: bytes,
    *,
    temporary_folder: str | None = None,
    mode: int = 0o600,
    durable: bool = False,
) -> None:
    """Make ``path`` hold ``content``: whoever reads it sees all of the old or all of the new.

    ``durable`` also brings it to the disk, the folder's entry included. Raises OSError.
    """
    folder = os.path.dirname(path)
    temporary_folder = temporary_folder or folder
    os.makedirs(temporary_folder, mode=0o700, exist_ok=True)
    name = f".{os.path.basename(path)}.{os.getpid()}.{time.monotonic_ns()}"
    temporary = os.path.join(temporary_folder, name)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(descriptor)
        os.replace(temporary, path)
    except OSError as error:
        os.unlink(temporary)
        if error.errno == errno.EXDEV and temporary_folder != folder:
            replace_file(path, content, mode=mode, durable=durable)
            return
        raise
    if durable:
        _synchronise_folder(folder)


def _synchronise_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")


def _unescaped(value: str) -> str:
    return value.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")

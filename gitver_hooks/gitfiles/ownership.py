"""Refuses other people's repositories as git does, unless the user has said to trust them.

Standard library only. The rule is that of ``ensure_valid_ownership`` in git's setup.c (2.35.2 and
later): the worktree, its ``.git`` file and the git dir belong to the current user, or
``safe.directory`` (git-config(1)) names the worktree. Somebody else's configuration could run
commands as the current user (CVE-2022-24765).
"""

from __future__ import annotations

import os
import stat

from gitver_hooks.common.errors import GitverError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class DubiousOwnership(GitverError):
    """The repository belongs to another user, and ``safe.directory`` does not name it."""


def check_ownership(worktree: str, git_dir: str, environment: Mapping[str, str]) -> None:
    """Raise DubiousOwnership unless git itself would work in the repository.

    ``git_dir`` is where HEAD is; if ``.git`` in the worktree is a file, that file counts as well.
    """
    git_entry = os.path.join(worktree, ".git")
    user = _user(environment)
    if (
        _owner(worktree) in user
        and _link_owner(git_dir) in user
        and (git_entry == git_dir or _link_owner(git_entry) in user)
    ):
        return
    if is_safe_directory(worktree, environment):
        return
    import shlex

    path = os.path.realpath(worktree)
    raise DubiousOwnership(
        f"the repository at {path} belongs to another user, so nothing in it is read",
        f"if you trust it, run `git config --global --add safe.directory {shlex.quote(path)}`",
    )


def is_safe_directory(worktree: str, environment: Mapping[str, str]) -> bool:
    """Whether ``safe.directory`` names the worktree, in configuration that no repository controls.

    An empty value cancels all values before it.
    """
    # Imported here because those files are only read for other people's repositories.
    from gitver_hooks.gitfiles.protected_config import expand_user, protected_values

    path = os.path.realpath(worktree)
    is_safe = False
    for value in protected_values("safe", "directory", environment):
        if not value:
            is_safe = False
        elif _covers(expand_user(value, environment), path):
            is_safe = True
    return is_safe


def check_state_folder(path: str, worktree: str, environment: Mapping[str, str]) -> None:
    """Raise GitverError if the state folder exists but is not a folder of the user.

    Through a symbolic link or somebody else's folder we could write anywhere.
    """
    try:
        status = os.lstat(path)
    except OSError:
        return
    if not stat.S_ISDIR(status.st_mode):
        raise GitverError(f"{path} is not a folder", "remove it")
    if status.st_uid not in _user(environment) and not is_safe_directory(worktree, environment):
        raise GitverError(
            f"{path} belongs to another user (root ran gitver here?)",
            "remove it, or make it yours with chown",
        )


def _covers(value: str, path: str) -> bool:
    # Since git 2.46, "/*" at the end matches everything below.
    return value in ("*", path) or (value.endswith("/*") and path.startswith(value[:-1]))


def _user(environment: Mapping[str, str]) -> Iterable[int]:
    """The user ids whose files are the user's own: with sudo, those of both users."""
    user = os.geteuid()
    sudo = environment.get("SUDO_UID", "").strip()
    if user == 0 and sudo.isascii() and sudo.isdigit():
        return (0, int(sudo))
    return (user,)


def _owner(path: str) -> int:
    try:
        return os.stat(path).st_uid
    except OSError:
        return -1


def _link_owner(path: str) -> int:
    try:
        return os.lstat(path).st_uid
    except OSError:
        return -1

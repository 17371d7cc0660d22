"""Pushes kept versions to the user's remote (setting ``keep: push``)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.files import replace_file
from gitver_hooks.common.locks import FileLock
from gitver_hooks.gitfiles.location import Location, worktree_at
from gitver_hooks.gitfiles.ownership import check_ownership
from gitver_hooks.handover.log import log
from gitver_hooks.keeping.kept_refs import PREFIX, read_kept_at
from gitver_hooks.keeping.kept_version import ref_suffix
from gitver_hooks.repository.git_command import GitCommand, git_in, last_line
from gitver_hooks.repository.repository import Repository, open_repository
from gitver_hooks.settings import Settings, load_settings
from gitver_hooks.settings.keys import TREE

# Seconds for one push.
_PUSH_SECONDS = 120.0
_REFS_PER_PUSH = 100


def mark_unpushed(location: Location, version_id: str) -> None:
    """Have the ref of a kept version pushed. Raises OSError."""
    replace_file(str(_folder(location) / ref_suffix(version_id)), b"")


def mark_submodule_unpushed(inside: Repository, version_id: str, location: Location) -> None:
    """Have the ref of a submodule's version pushed to the submodule's own remote, if allowed.

    That remote may belong to somebody else. So the submodule's own settings decide, not those of
    the repository at ``location`` that contains it. Raises GitverError if a setting is wrong, and
    OSError.
    """
    if load_settings(inside).keep == "push":
        mark_unpushed(inside.location, version_id)
        return
    folder = inside.location.worktree
    log(
        location,
        f"{version_id} in {folder} is not pushed: `git config gitver.keep push` there allows it",
    )


def unpushed_refs(location: Location) -> list[str]:
    """The names of the refs that wait to be pushed."""
    try:
        return sorted(PREFIX + name for name in os.listdir(_folder(location)) if name[0] != ".")
    except OSError:
        return []


def push_shared(location: Location, environment: Mapping[str, str]) -> None:
    """Push the refs that wait, if the user still wants that. A failure is a line in the log.

    What could not be pushed waits for the next time. Raises GitverError if a setting is wrong.
    """
    if not unpushed_refs(location):
        return
    path = os.path.join(location.shared_state_dir, "unpushed.lock")
    with FileLock(path) as lock, open_repository(location, environment) as repository:
        settings = load_settings(repository)
        if not lock.held or settings.keep != "push":
            return
        try:
            remote = user_remote(repository, settings)
            while refs := _existing(repository, unpushed_refs(location))[:_REFS_PER_PUSH]:
                _push_submodules(repository, refs)
                _push(repository, remote, refs)
        except GitverError as error:
            log(location, f"kept versions are not pushed: {error}", error, environment)


def user_remote(repository: Repository, settings: Settings) -> str:
    """The name of the remote to push to: one of the user's own choice. Raises GitverError."""
    if settings.source("remote").kind == TREE:
        raise GitverError(
            f"the remote {settings.remote!r} was chosen by {settings.path}",
            "confirm it with `git config gitver.remote NAME`",
        )
    section = (b"remote", os.fsencode(settings.remote))
    if not any(repository.configuration.text(section, name) for name in (b"url", b"pushurl")):
        raise GitverError(
            f"there is no remote {settings.remote!r}",
            "add it, or name another one with `git config gitver.remote NAME`",
        )
    return settings.remote


def _push_submodules(repository: Repository, refs: Sequence[str]) -> None:
    """Push what waits in the submodules of kept versions. A failure is a line in the log."""
    kept = [kept for name in refs if (kept := read_kept_at(repository, name)) is not None]
    for path in {module.path for version in kept for module in version.submodules}:
        location = repository.location
        try:
            inside = worktree_at(os.path.join(location.worktree, os.fsdecode(path)))
            if inside is not None:
                check_ownership(inside.worktree, inside.git_dir, repository.environment)
                push_shared(inside, repository.environment)
        except (GitverError, OSError) as error:
            log(location, f"{os.fsdecode(path)} is not pushed: {error}", error)


def _existing(repository: Repository, names: list[str]) -> list[str]:
    """The refs that still exist; those that were pruned need not be pushed any more."""
    existing = []
    for name in names:
        if name.encode("utf-8", "surrogateescape") in repository.dulwich.refs:  # type: ignore[operator]
            existing.append(name)
        else:
            _forget(repository.location, name)
    return existing


def _push(repository: Repository, remote: str, refs: Sequence[str]) -> None:
    """Push refs in one go. Raises GitverError if one of them could not be pushed."""
    pushed = _git(repository).attempt(
        *("push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed"),
        *("--recurse-submodules=no", "--", remote),
        *(f"{name}:{name}" for name in refs),
        seconds=_PUSH_SECONDS,
    )
    waiting = set(refs)
    for line in pushed.stdout.decode("utf-8", "replace").splitlines():
        flag, _, after_flag = line.partition("\t")
        name, _, summary = after_flag.partition("\t")
        name = name.partition(":")[2]
        # Rejected by git here, not by the remote: the remote has the version already.
        if name in waiting and (flag != "!" or summary.startswith("[rejected]")):
            waiting.discard(name)
            _forget(repository.location, name)
    if waiting:
        raise GitverError(f"git push to {remote} failed: {last_line(pushed.stderr)}")


def _git(repository: Repository) -> GitCommand:
    """git with the user's own credentials, but nobody to ask: no terminal, and no window.

    See GIT_ASKPASS in git(1), gitcredentials(7), and BatchMode in ssh_config(5).
    """
    environment = {
        **repository.environment,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",
    }
    ssh = environment.get("GIT_SSH_COMMAND") or os.fsdecode(
        repository.configuration.text((b"core",), b"sshCommand") or b""
    )
    if not ssh and "GIT_SSH" not in environment:
        ssh = "ssh"
    if ssh.split(" ")[0].endswith("ssh"):
        environment["GIT_SSH_COMMAND"] = f"{ssh} -oBatchMode=yes"
    return replace(git_in(repository), environment=environment)


def _forget(location: Location, name: str) -> None:
    (_folder(location) / name.removeprefix(PREFIX)).unlink(missing_ok=True)


def _folder(location: Location) -> Path:
    return Path(location.shared_state_dir, "unpushed")

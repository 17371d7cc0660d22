"""Finds the folder of a worktree's hooks, and which hooks in it run gitver."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.installation import hook_files
from gitver_hooks.installation.hook_files import NAMES

NATIVE = "native"
PRE_COMMIT = "pre-commit"
OTHER = "other"

_PLUGIN_IDS = ("gitver", "gitver-system")
_COMMAND = "gitver hook"


def hooks_folder(location: Location, environment: Mapping[str, str]) -> Path:
    """The absolute path of the folder in which git looks for the hooks of this worktree.

    Git itself is asked, because ``core.hooksPath`` may come from any file, include or variable. It
    is relative to the folder in which hooks run, the worktree's root (git-config(1)). Raises
    GitverError if git cannot be run or refuses the repository.
    """
    command = ["git", f"--git-dir={location.git_dir}", "rev-parse", "--git-path", "hooks"]
    # Not without_repository(): core.hooksPath may come from `git -c`, by GIT_CONFIG_PARAMETERS.
    variables = {name: value for name, value in environment.items() if name != "GIT_COMMON_DIR"}
    try:
        result = subprocess.run(
            command,
            cwd=location.worktree,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    except OSError as error:
        raise GitverError(f"git cannot be run: {error}", "install git, or put it on PATH") from None
    if result.returncode:
        lines = result.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise GitverError(
            f"git cannot find the hooks folder of {location.worktree}: {lines[0]}",
            f"run `{' '.join(command)}` to see why",
        )
    return Path(location.worktree, os.fsdecode(result.stdout.removesuffix(b"\n")))


def place_of(folder: Path, name: str) -> Path:
    """The path for our hook ``name`` at which it runs and survives the other hook's owner."""
    path = folder / name
    return folder / f"{name}.legacy" if hook_files.runs_legacy(path) else path


def hooks_in_place(location: Location, environment: Mapping[str, str]) -> dict[str, str]:
    """The hooks that run gitver here now, and by which means: NATIVE, PRE_COMMIT or OTHER.

    Native hooks include ready-made ones. PRE_COMMIT is a hook that pre-commit or prek installed, if
    their configuration names our plugin for that stage. OTHER is anybody's script that calls
    ``gitver hook``. Empty if git cannot be asked, because then no hook runs.
    """
    try:
        folder = hooks_folder(location, environment)
    except GitverError:
        return {}
    means_by_hook = {}
    for name in NAMES:
        means = _means(location, folder, name)
        if means:
            means_by_hook[name] = means
    return means_by_hook


def _means(location: Location, folder: Path, name: str) -> str:
    path, place = folder / name, place_of(folder, name)
    if hook_files.is_ours(place) and hook_files.is_executable(place):
        return NATIVE
    if not hook_files.is_executable(path):
        return ""
    text = hook_files.top(path).decode(errors="replace")
    if hook_files.runs_legacy(path) and name in _plugin_stages(location, text):
        return PRE_COMMIT
    return OTHER if _COMMAND in text else ""


def _plugin_stages(location: Location, script: str) -> set[str]:
    """The stages in which the configuration that pre-commit's ``script`` names runs our plugin."""
    import yaml

    _, _, after_option = script.partition("--config=")
    name = (
        after_option.split()[0].strip("'\"()")
        if after_option.split()
        else ".pre-commit-config.yaml"
    )
    try:
        loaded = yaml.safe_load(Path(location.worktree, name).read_bytes())
        hooks = [hook for repository in loaded["repos"] for hook in repository["hooks"]]
        return {stage for hook in hooks for stage in _stages(hook)}
    except (OSError, yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError, AttributeError):
        # pre-commit itself reports a configuration that it cannot read.
        return set()


def _stages(hook: dict[str, Any]) -> tuple[str, ...]:
    if hook.get("id") not in _PLUGIN_IDS and _COMMAND not in str(hook.get("entry", "")):
        return ()
    stages = hook.get("stages") or NAMES
    return tuple(str(stage) for stage in stages)

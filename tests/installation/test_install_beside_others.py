"""Native hooks beside those of other hook managers, installed and removed in any order."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git
from support.hooks import listing, put, script
from support.locations import location_of

from gitver_hooks.installation import install, kept_hooks
from gitver_hooks.installation.hooks_folder import hooks_in_place

CONFIG = """\
repos:
-   repo: local
    hooks:
    -   id: note
        name: note
        language: system
        entry: sh -c 'echo pre-commit >>"$CALLS"'
        always_run: true
        pass_filenames: false
        stages: [post-commit, post-checkout, post-merge, post-rewrite]
"""


def pre_commit(git: Git, *arguments: str) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "pre_commit", *arguments],
        cwd=git.path,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


STEPS: dict[str, Callable[[Git, str], object]] = {
    "gitver install": lambda git, python: install.install(
        location_of(git.path), os.environ, python
    ),
    "gitver uninstall": lambda git, python: install.uninstall(location_of(git.path), os.environ),
    "pre-commit install": lambda git, python: pre_commit(git, "install", "-t", "post-commit"),
    "pre-commit uninstall": lambda git, python: pre_commit(git, "uninstall", "-t", "post-commit"),
}


@pytest.mark.parametrize("first", [[], ["theirs"]], ids=["alone", "with a third hook"])
@pytest.mark.parametrize(
    "steps",
    [
        ["+gitver", "+pre-commit", "+gitver", "-gitver", "+gitver", "-pre-commit", "-gitver"],
        ["+pre-commit", "+gitver", "+pre-commit", "-pre-commit", "+pre-commit", "-gitver",
         "-pre-commit"],
    ],
    ids=["gitver first", "pre-commit first"],
)  # fmt: skip
def test_pre_commit_and_gitver_survive_each_other_in_any_order(
    steps: list[str], first: list[str], git: Git, python: str, calls: Callable[[], list[str]]
) -> None:
    git.commit("configure", **{".pre-commit-config.yaml": CONFIG})
    if first:
        put(git.path / ".git/hooks/post-commit", script("echo theirs"))
    before = listing(git.path / ".git/hooks")
    present = set(first)
    for step in steps:
        sign, tool = step[0], step[1:]
        STEPS[f"{tool} {'install' if sign == '+' else 'uninstall'}"](git, python)
        present = present | {tool} if sign == "+" else present - {tool}
        result = git.run("hook", "run", "--ignore-missing", "post-commit")
        ran = [line.removesuffix(" post-commit") for line in calls()]
        assert sorted(ran) == sorted(present), (step, result.stderr)
        assert ("post-commit" in hooks_in_place(location_of(git.path), os.environ)) == (
            "gitver" in present
        )
    assert listing(git.path / ".git/hooks") == before
    assert kept_hooks.remaining(git.path / ".git/hooks") == []


def test_install_moves_a_hook_that_pre_commit_no_longer_runs_to_where_git_runs_it(
    git: Git, python: str, calls: Callable[[], list[str]]
) -> None:
    hook = git.path / ".git/hooks/post-commit"
    install.install(location_of(git.path), os.environ, python)
    git.commit("configure", **{".pre-commit-config.yaml": CONFIG})
    pre_commit(git, "install", "-t", "post-commit")
    put(hook, script("echo theirs"))
    assert "post-commit" not in hooks_in_place(location_of(git.path), os.environ)
    calls()
    install.install(location_of(git.path), os.environ, python)
    git("hook", "run", "post-commit")
    assert calls() == ["theirs", "gitver post-commit"]
    assert not hook.with_name("post-commit.legacy").exists()


def test_husky_9_hooks_and_ours_both_run(
    git: Git, python: str, calls: Callable[[], list[str]]
) -> None:
    # What husky 9 writes: the stub runs `h` beside it, which finds the user's hook from $0.
    stub = '#!/usr/bin/env sh\n. "$(dirname "$0")/h"'
    put(git.path / ".husky/_/post-commit", stub)
    put(
        git.path / ".husky/_/h",
        '#!/usr/bin/env sh\nn=$(basename "$0")\ns=$(dirname "$(dirname "$0")")/$n\n'
        '[ ! -f "$s" ] && exit 0\nsh -e "$s" "$@"\nc=$?\nexit $c\n',
        0o644,
    )
    put(git.path / ".husky/post-commit", 'echo husky >>"$CALLS"\n', 0o644)
    git("config", "core.hooksPath", ".husky/_")
    before = listing(git.path)
    install.install(location_of(git.path), os.environ, python)
    git("hook", "run", "post-commit")
    assert calls() == ["husky", "gitver post-commit"]
    # `npm install` writes the stubs again.
    put(git.path / ".husky/_/post-commit", stub)
    install.install(location_of(git.path), os.environ, python)
    git("hook", "run", "post-commit")
    assert calls() == ["husky", "gitver post-commit"]
    install.uninstall(location_of(git.path), os.environ)
    assert listing(git.path) == before


def test_husky_8_hooks_and_ours_both_run(
    git: Git, python: str, calls: Callable[[], list[str]]
) -> None:
    # What husky 8 writes: the user's hook runs itself again from $0 with `sh -e`.
    put(
        git.path / ".husky/_/husky.sh",
        'if [ -z "$husky_skip_init" ]; then\n  readonly husky_skip_init=1\n'
        '  export husky_skip_init\n  sh -e "$0" "$@"\n  exit "$?"\nfi\n',
        0o644,
    )
    put(
        git.path / ".husky/post-commit",
        '#!/usr/bin/env sh\n. "$(dirname -- "$0")/_/husky.sh"\n\necho husky >>"$CALLS"\n',
    )
    git("config", "core.hooksPath", ".husky")
    before = listing(git.path)
    install.install(location_of(git.path), os.environ, python)
    git("hook", "run", "post-commit")
    assert calls() == ["husky", "gitver post-commit"]
    install.uninstall(location_of(git.path), os.environ)
    assert listing(git.path) == before


def test_hooks_that_dispatch_by_their_name_and_ours_both_run(
    git: Git, python: str, calls: Callable[[], list[str]]
) -> None:
    # As overcommit does: links to a single program that takes the hook's name from the link.
    hooks = git.path / ".git/hooks"
    dispatch = (
        f"#!{sys.executable} -S\nimport os, sys\n"
        "with open(os.environ['CALLS'], 'a') as calls:\n"
        "    print('overcommit', os.path.basename(sys.argv[0]), file=calls)\n"
    )
    put(hooks / "overcommit-hook", dispatch)
    for name in ("post-commit", "post-checkout"):
        (hooks / name).symlink_to("overcommit-hook")
    before = listing(git.path / ".git")
    install.install(location_of(git.path), os.environ, python)
    git("hook", "run", "post-commit")
    git("hook", "run", "post-checkout")
    assert calls() == [
        "overcommit post-commit",
        "gitver post-commit",
        "overcommit post-checkout",
        "gitver post-checkout",
    ]
    install.uninstall(location_of(git.path), os.environ)
    assert listing(git.path / ".git") == before


def test_another_manager_may_call_a_ready_made_hook(
    git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As managers with a folder `<hook>.d` do: each file in it runs in turn.
    ready_made = Path(__file__).parents[2] / "hooks/post-commit"
    put(git.path / ".git/hooks/post-commit", '#!/bin/sh\nfor h in "$0.d"/*; do "$h" "$@"; done\n')
    part = put(git.path / ".git/hooks/post-commit.d/50-gitver", ready_made.read_bytes())
    gitver = put(tmp_path / "bin/gitver", '#!/bin/sh\necho "$*"\n')
    monkeypatch.setenv("PATH", f"{gitver.parent}:/usr/bin:/bin")
    assert part.exists()
    assert git.run("hook", "run", "post-commit").stderr == "hook post-commit\n"

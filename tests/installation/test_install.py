"""Installing and removing the native hooks: everybody else's hooks survive byte for byte."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.git import Git
from support.hooks import installed, listing, outcomes, put, script
from support.locations import location_of

from gitver_hooks.installation import hook_files, install, kept_hooks
from gitver_hooks.installation.hook_files import NAMES


def link(path: Path, target: str, _made: Path) -> None:
    """Make ``path`` a link to ``target``, which was made before."""
    path.symlink_to(target)


def test_git_runs_the_installed_hooks(
    git: Git, python: str, calls: Callable[[], list[str]]
) -> None:
    here = location_of(git.path)
    assert installed(here) == ()
    assert outcomes(install.install(here, os.environ, python)) == {"installed"}
    assert installed(here) == NAMES
    git.commit("second")
    git("checkout", "-q", "HEAD^")
    git("commit", "-q", "--amend", "-m", "other")
    assert calls() == [
        "gitver post-commit",
        "gitver post-checkout",
        "gitver post-commit",
        "gitver post-rewrite",
    ]


def test_a_second_install_changes_nothing(git: Git, python: str) -> None:
    here = location_of(git.path)
    put(git.path / ".git/hooks/post-commit", script("echo theirs"))
    install.install(here, os.environ, python)
    before = listing(git.path / ".git")
    assert outcomes(install.install(here, os.environ, python)) == {"unchanged"}
    assert listing(git.path / ".git") == before


def test_install_from_another_interpreter_updates_the_hooks(git: Git, python: str) -> None:
    here = location_of(git.path)
    install.install(here, os.environ, python)
    other = shutil.copy(python, f"{python}-other")
    assert outcomes(install.install(here, os.environ, other)) == {"updated"}
    assert other in (git.path / ".git/hooks/post-merge").read_text()


def test_uninstall_restores_the_hooks_folder(git: Git, python: str) -> None:
    before = listing(git.path / ".git")
    here = location_of(git.path)
    install.install(here, os.environ, python)
    assert outcomes(install.uninstall(here, os.environ)) == {"removed"}
    assert listing(git.path / ".git") == before
    assert installed(here) == ()
    assert install.uninstall(here, os.environ) == []


FOREIGN: dict[str, Callable[[Path], object]] = {
    "script": lambda path: put(path, script("echo theirs")),
    "script with odd mode": lambda path: put(path, script("echo theirs"), 0o511),
    "not executable": lambda path: put(path, script("echo theirs"), 0o640),
    "without shebang": lambda path: put(path, 'echo theirs >>"$CALLS"\n'),
    "without final newline": lambda path: put(path, '#!/bin/sh\necho theirs >>"$CALLS"'),
    "bytes that are not UTF-8": lambda path: put(path, script("echo theirs").encode() + b"#\xff\0"),
    "empty": lambda path: put(path, ""),
    "binary": lambda path: shutil.copy(str(shutil.which("true")), path),
    "relative link": lambda path: link(
        path, "../scripts/run", put(path.parent.parent / "scripts/run", script("echo theirs"))
    ),
    "absolute link": lambda path: path.symlink_to(
        put(path.parent.parent / "scripts/run", script("echo theirs"))
    ),
    "link to a neighbour": lambda path: link(
        path, "dispatch", put(path.parent / "dispatch", script('echo "${0##*/}"'))
    ),
    "dangling link": lambda path: path.symlink_to("../nowhere"),
    "link to a ready-made hook of ours": lambda path: path.symlink_to(
        hook_files.ready_made_folder() / "post-commit"
    ),
    "copy of a ready-made hook of ours": lambda path: shutil.copy(
        hook_files.ready_made_folder() / "post-commit", path
    ),
}
EXPECTED_CALLS = {
    "script": ["theirs"],
    "script with odd mode": ["theirs"],
    "without shebang": ["theirs"],
    "without final newline": ["theirs"],
    "bytes that are not UTF-8": ["theirs"],
    "relative link": ["theirs"],
    "absolute link": ["theirs"],
    "link to a neighbour": ["post-commit"],
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_an_existing_hook_runs_first_and_is_restored(
    kind: str, git: Git, python: str, calls: Callable[[], list[str]]
) -> None:
    hooks = git.path / ".git/hooks"
    FOREIGN[kind](hooks / "post-commit")
    before, here = listing(git.path / ".git"), location_of(git.path)
    install.install(here, os.environ, python)
    install.install(here, os.environ, python)
    stderr = git.run("hook", "run", "post-commit").stderr
    assert (stderr, calls()) == ("", [*EXPECTED_CALLS.get(kind, []), "gitver post-commit"])
    install.uninstall(here, os.environ)
    assert listing(git.path / ".git") == before


def test_an_existing_hook_gets_the_same_arguments_input_and_environment(
    git: Git, tmp_path: Path, python: str, calls: Callable[[], list[str]]
) -> None:
    note = '{ echo "$*"; cat; env | grep -v ^_= | sort; pwd; }'
    put(git.path / ".git/hooks/post-rewrite", script(note))
    put(git.path / ".git/hooks/post-checkout", script('echo "$*"', status=7))
    old = git("rev-parse", "HEAD")
    alone = (git("commit", "--amend", "-m", "a"), calls())
    install.install(location_of(git.path), os.environ, python)
    git("reset", "-q", "--hard", old)
    beside = (git("commit", "--amend", "-m", "a"), calls())
    assert (beside[0], [line for line in beside[1] if "gitver" not in line]) == alone
    assert alone[1][:2] == ["amend", f"{old} {git('rev-parse', 'HEAD')}"]
    assert beside[1].count("gitver post-rewrite") == 1
    assert git.run("hook", "run", "post-checkout", check=False).returncode == 7
    assert git.run("checkout", "-q", "HEAD", check=False).returncode == 1


def test_an_existing_hook_finds_the_helpers_beside_it(
    git: Git, python: str, calls: Callable[[], list[str]]
) -> None:
    hooks = git.path / ".git/hooks"
    put(hooks / "_/helper.sh", 'echo "helped ${0##*/}" >>"$CALLS"\n', 0o644)
    put(hooks / "post-commit", '#!/bin/sh\n. "$(dirname -- "$0")/_/helper.sh"\n')
    before, here = listing(git.path / ".git"), location_of(git.path)
    install.install(here, os.environ, python)
    git("hook", "run", "post-commit")
    assert calls() == ["helped post-commit", "gitver post-commit"]
    install.uninstall(here, os.environ)
    assert listing(git.path / ".git") == before


def test_the_interpreter_of_this_process_is_the_default(git: Git) -> None:
    install.install(location_of(git.path), os.environ)
    assert f"\npython={sys.executable}\n" in (git.path / ".git/hooks/post-commit").read_text()


def test_install_repairs_a_hook_of_ours_that_is_not_executable(
    git: Git, python: str, calls: Callable[[], list[str]]
) -> None:
    here, hook = location_of(git.path), git.path / ".git/hooks/post-commit"
    install.install(here, os.environ, python)
    hook.chmod(0o644)
    assert "post-commit" not in installed(here)
    changes = {change.name: change.outcome for change in install.install(here, os.environ, python)}
    assert changes["post-commit"] == "updated"
    git("hook", "run", "post-commit")
    assert calls() == ["gitver post-commit"]


def test_a_hook_that_its_owner_overwrote_stays_the_owners(
    git: Git, python: str, calls: Callable[[], list[str]]
) -> None:
    hook, here = git.path / ".git/hooks/post-commit", location_of(git.path)
    put(hook, script("echo theirs"))
    install.install(here, os.environ, python)
    put(hook, script("echo newer"))
    assert "post-commit" not in installed(here)
    install.uninstall(here, os.environ)
    assert hook.read_text() == script("echo newer")
    assert [path.read_text() for path in kept_hooks.remaining(hook.parent)] == [
        script("echo theirs")
    ]
    install.install(here, os.environ, python)
    git("hook", "run", "post-commit")
    assert calls() == ["newer", "gitver post-commit"]
    install.uninstall(here, os.environ)
    assert hook.read_text() == script("echo newer")
    assert kept_hooks.remaining(hook.parent) == []


def test_deleting_our_hook_does_not_lose_the_hook_that_it_ran_first(git: Git, python: str) -> None:
    hook, here = git.path / ".git/hooks/post-commit", location_of(git.path)
    put(hook, script("echo theirs"))
    before = listing(git.path / ".git")
    install.install(here, os.environ, python)
    hook.unlink()
    install.uninstall(here, os.environ)
    assert listing(git.path / ".git") == before


@pytest.mark.heavy
def test_concurrent_installs_and_uninstalls_keep_the_existing_hook(git: Git, python: str) -> None:
    put(git.path / ".git/hooks/post-commit", script("echo theirs"))
    before, here = listing(git.path / ".git"), location_of(git.path)
    for _ in range(5):
        with ThreadPoolExecutor(8) as pool:
            for future in [
                pool.submit(install.install, here, os.environ, python) for _ in range(8)
            ]:
                future.result()
        assert (git.path / ".git/hooks.before-gitver/post-commit").read_text() == script(
            "echo theirs"
        )
        with ThreadPoolExecutor(8) as pool:
            for future in [pool.submit(install.uninstall, here, os.environ) for _ in range(8)]:
                future.result()
        assert listing(git.path / ".git") == before

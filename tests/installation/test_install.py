"""Installing and removing the native hooks: everybody else's hooks survive byte for byte."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.git import Git
from support.hooks import listing, put, script
from support.locations import location_of

from gitver_hooks.commands import install as install_command
from gitver_hooks.commands import uninstall as uninstall_command
from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.installation import hook_files, install, kept_hooks
from gitver_hooks.installation.hook_files import NAMES
from gitver_hooks.installation.hooks_folder import NATIVE, hooks_in_place


def outcomes(changes: list[install.HookChange]) -> set[str]:
    return {change.outcome for change in changes}


def installed(location: Location) -> tuple[str, ...]:
    """The native hooks in place."""
    return tuple(name for name, means in hooks_in_place(location).items() if means == NATIVE)


def link(path: Path, target: str, _made: Path) -> None:
    """Make ``path`` a link to ``target``, which was made before."""
    path.symlink_to(target)


def test_git_runs_the_installed_hooks(
    git: Git, python: str, calls: Callable[[], list[str]]
) -> None:
    here = location_of(git.path)
    assert installed(here) == ()
    assert outcomes(install.install(here, python)) == {"installed"}
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
    install.install(here, python)
    before = listing(git.path / ".git")
    assert outcomes(install.install(here, python)) == {"unchanged"}
    assert listing(git.path / ".git") == before


def test_install_from_another_interpreter_updates_the_hooks(git: Git, python: str) -> None:
    here = location_of(git.path)
    install.install(here, python)
    other = shutil.copy(python, f"{python}-other")
    assert outcomes(install.install(here, other)) == {"updated"}
    assert other in (git.path / ".git/hooks/post-merge").read_text()


def test_uninstall_restores_the_hooks_folder(git: Git, python: str) -> None:
    before = listing(git.path / ".git")
    here = location_of(git.path)
    install.install(here, python)
    assert outcomes(install.uninstall(here)) == {"removed"}
    assert listing(git.path / ".git") == before
    assert installed(here) == ()
    assert install.uninstall(here) == []


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
    install.install(here, python)
    install.install(here, python)
    stderr = git.run("hook", "run", "post-commit").stderr
    assert (stderr, calls()) == ("", [*EXPECTED_CALLS.get(kind, []), "gitver post-commit"])
    install.uninstall(here)
    assert listing(git.path / ".git") == before


def test_an_existing_hook_gets_the_same_arguments_input_and_environment(
    git: Git, tmp_path: Path, python: str, calls: Callable[[], list[str]]
) -> None:
    note = '{ echo "$*"; cat; env | grep -v ^_= | sort; pwd; }'
    put(git.path / ".git/hooks/post-rewrite", script(note))
    put(git.path / ".git/hooks/post-checkout", script('echo "$*"', status=7))
    old = git("rev-parse", "HEAD")
    alone = (git("commit", "--amend", "-m", "a"), calls())
    install.install(location_of(git.path), python)
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
    install.install(here, python)
    git("hook", "run", "post-commit")
    assert calls() == ["helped post-commit", "gitver post-commit"]
    install.uninstall(here)
    assert listing(git.path / ".git") == before


def test_the_interpreter_of_this_process_is_the_default(git: Git) -> None:
    install.install(location_of(git.path))
    assert f"\npython={sys.executable}\n" in (git.path / ".git/hooks/post-commit").read_text()


@pytest.mark.parametrize(
    ("value", "folder"),
    [
        ("githooks", "app/githooks"),
        ("./a b/'hooks'", "app/a b/'hooks'"),
        ("../shared", "shared"),
        ("~/hooks", "HOME/hooks"),
        ("ABSOLUTE/hooks", "ABSOLUTE/hooks"),
    ],
)
def test_hooks_are_installed_in_core_hooks_path(
    value: str,
    folder: str,
    git: Git,
    tmp_path: Path,
    isolated: Path,
    python: str,
    calls: Callable[[], list[str]],
) -> None:
    git("config", "--global", "core.hooksPath", value.replace("ABSOLUTE", str(tmp_path / "x")))
    places = {"HOME": str(isolated), "ABSOLUTE": str(tmp_path / "x")}
    first, _, rest = folder.partition("/")
    hooks = Path(places.get(first, tmp_path / first), rest)
    put(hooks / "post-checkout", script("echo theirs"))
    (git.path / "deep/er").mkdir(parents=True)
    here = location_of(git.path / "deep/er")
    install.install(here, python)
    assert installed(here) == NAMES
    subprocess.run(["git", "checkout", "-q", "HEAD"], cwd=git.path / "deep/er", check=True)
    assert calls() == ["theirs", "gitver post-checkout"]
    assert hook_files.is_ours(hooks / "post-checkout")
    install.uninstall(here)
    assert list(hooks.iterdir()) == [hooks / "post-checkout"]
    assert not hook_files.is_ours(hooks / "post-checkout")


def test_a_hooks_folder_that_is_a_link_works(
    git: Git, python: str, calls: Callable[[], list[str]]
) -> None:
    shutil.rmtree(git.path / ".git/hooks")
    put(git.path / "tools/hooks/post-commit", script("echo theirs"))
    (git.path / ".git/hooks").symlink_to("../tools/hooks")
    before, here = listing(git.path), location_of(git.path)
    install.install(here, python)
    git("hook", "run", "post-commit")
    assert calls() == ["theirs", "gitver post-commit"]
    install.uninstall(here)
    assert listing(git.path) == before


def test_a_repository_without_a_hooks_folder_gets_one(git: Git, python: str) -> None:
    shutil.rmtree(git.path / ".git/hooks")
    install.install(location_of(git.path), python)
    assert installed(location_of(git.path)) == NAMES


def test_a_repository_that_moves_keeps_its_hooks(
    git: Git, tmp_path: Path, python: str, calls: Callable[[], list[str]]
) -> None:
    put(git.path / ".git/hooks/post-commit", script("echo theirs"))
    install.install(location_of(git.path), python)
    moved = Git(git.path.rename(tmp_path / "moved"))
    moved.commit("second")
    assert calls() == ["theirs", "gitver post-commit"]


def test_a_linked_worktree_shares_the_hooks_of_the_repository(
    git: Git, tmp_path: Path, python: str, calls: Callable[[], list[str]]
) -> None:
    git("worktree", "add", "-q", str(tmp_path / "linked"))
    linked = Git(tmp_path / "linked")
    install.install(location_of(linked.path), python)
    assert installed(location_of(git.path)) == NAMES
    linked.commit("second")
    git.commit("third")
    assert calls() == ["gitver post-commit", "gitver post-commit"]
    assert outcomes(install.uninstall(location_of(git.path))) == {"removed"}
    assert installed(location_of(linked.path)) == ()


def test_a_submodule_has_hooks_of_its_own(
    make_git: Callable[..., Git], python: str, calls: Callable[[], list[str]]
) -> None:
    inner, outer = make_git("inner"), make_git("outer")
    inner.commit("first", a="1")
    outer("submodule", "--quiet", "add", str(inner.path), "lib")
    install.install(location_of(outer.path / "lib"), python)
    assert installed(location_of(outer.path)) == ()
    Git(outer.path / "lib").commit("second", a="2")
    outer.commit("first")
    assert calls() == ["gitver post-commit"]


def test_git_variables_inherited_from_a_hook_are_ignored(
    make_git: Callable[..., Git], python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, other = make_git("repository"), make_git("other")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_COMMON_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git/index"))
    install.install(location_of(repository.path), python)
    assert hook_files.is_ours(repository.path / ".git/hooks/post-commit")
    assert not (other.path / ".git/hooks/post-commit").exists()


def test_hooks_are_installed_for_a_worktree_named_by_git_dir_and_git_work_tree(
    git: Git, tmp_path: Path, python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    git_dir = (git.path / ".git").rename(tmp_path / "dotfiles.git")
    monkeypatch.setenv("GIT_DIR", str(git_dir))
    monkeypatch.setenv("GIT_WORK_TREE", str(git.path))
    install.install(location_of(git.path), python)
    assert hook_files.is_ours(git_dir / "hooks/post-commit")


def test_the_ready_made_folder_is_never_changed(git: Git, python: str) -> None:
    ready_made = hook_files.ready_made_folder()
    before = listing(ready_made)
    git("config", "core.hooksPath", str(ready_made))
    assert outcomes(install.install(location_of(git.path), python)) == {"ready-made"}
    assert installed(location_of(git.path)) == NAMES
    assert install.uninstall(location_of(git.path)) == []
    assert listing(ready_made) == before


def a_folder_as_hook(git: Git) -> None:
    (git.path / ".git/hooks/post-merge").mkdir()


def a_link_to_a_folder_as_hook(git: Git) -> None:
    (git.path / ".git/hooks/post-rewrite").symlink_to(".")


def a_fifo_as_hook(git: Git) -> None:
    os.mkfifo(git.path / ".git/hooks/post-applypatch")


def hooks_path_to_nowhere(git: Git) -> None:
    git("config", "core.hooksPath", "/dev/null")


def hooks_path_empty(git: Git) -> None:
    git("config", "core.hooksPath", "")


def hooks_path_read_only(git: Git) -> None:
    git("config", "core.hooksPath", "/proc/self/hooks")


def a_file_instead_of_the_kept_folder(git: Git) -> None:
    put(git.path / ".git/hooks.before-gitver", "in the way")


def a_folder_instead_of_a_kept_hook(git: Git) -> None:
    put(git.path / ".git/hooks/post-rewrite", script("echo theirs"))
    (git.path / ".git/hooks.before-gitver/post-rewrite/x").mkdir(parents=True)


@pytest.mark.parametrize(
    "situation",
    [
        a_folder_as_hook,
        a_link_to_a_folder_as_hook,
        a_fifo_as_hook,
        hooks_path_to_nowhere,
        hooks_path_empty,
        hooks_path_read_only,
        a_file_instead_of_the_kept_folder,
        a_folder_instead_of_a_kept_hook,
    ],
)
def test_a_failing_install_changes_nothing(
    situation: Callable[[Git], None], git: Git, python: str
) -> None:
    put(git.path / ".git/hooks/post-commit", script("echo theirs"))
    situation(git)
    before = listing(git.path / ".git")
    with pytest.raises(GitverError) as caught:
        install.install(location_of(git.path), python)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)
    assert listing(git.path / ".git") == before


def test_an_update_that_fails_midway_keeps_the_previous_hooks(git: Git, python: str) -> None:
    put(git.path / ".git/hooks/post-commit", script("echo theirs"))
    install.install(location_of(git.path), python)
    last = git.path / ".git/hooks/post-applypatch"
    last.unlink()
    last.mkdir()
    before = listing(git.path / ".git")
    with pytest.raises(GitverError):
        install.install(location_of(git.path), shutil.copy(python, f"{python}-other"))
    assert listing(git.path / ".git") == before


def test_an_uninstall_that_fails_midway_puts_our_hooks_back(git: Git, python: str) -> None:
    put(git.path / ".git/hooks/post-commit", script("echo theirs"))
    install.install(location_of(git.path), python)
    # The last hook cannot be restored: a folder does not replace a file.
    (git.path / ".git/hooks.before-gitver/post-applypatch/x").mkdir(parents=True)
    before = listing(git.path / ".git")
    with pytest.raises(GitverError):
        install.uninstall(location_of(git.path))
    assert listing(git.path / ".git") == before


def test_install_repairs_a_hook_of_ours_that_is_not_executable(
    git: Git, python: str, calls: Callable[[], list[str]]
) -> None:
    here, hook = location_of(git.path), git.path / ".git/hooks/post-commit"
    install.install(here, python)
    hook.chmod(0o644)
    assert "post-commit" not in installed(here)
    changes = {change.name: change.outcome for change in install.install(here, python)}
    assert changes["post-commit"] == "updated"
    git("hook", "run", "post-commit")
    assert calls() == ["gitver post-commit"]


@pytest.mark.parametrize("interpreter", ["", "/nonexistent/python", "/bin/false"])
def test_install_refuses_an_interpreter_without_gitver(interpreter: str, git: Git) -> None:
    before = listing(git.path / ".git")
    with pytest.raises(GitverError):
        install.install(location_of(git.path), interpreter)
    assert listing(git.path / ".git") == before


def test_a_hook_that_its_owner_overwrote_stays_the_owners(
    git: Git, python: str, calls: Callable[[], list[str]]
) -> None:
    hook, here = git.path / ".git/hooks/post-commit", location_of(git.path)
    put(hook, script("echo theirs"))
    install.install(here, python)
    put(hook, script("echo newer"))
    assert "post-commit" not in installed(here)
    install.uninstall(here)
    assert hook.read_text() == script("echo newer")
    assert [path.read_text() for path in kept_hooks.remaining(hook.parent)] == [
        script("echo theirs")
    ]
    install.install(here, python)
    git("hook", "run", "post-commit")
    assert calls() == ["newer", "gitver post-commit"]
    install.uninstall(here)
    assert hook.read_text() == script("echo newer")
    assert kept_hooks.remaining(hook.parent) == []


def test_deleting_our_hook_does_not_lose_the_hook_that_it_ran_first(git: Git, python: str) -> None:
    hook, here = git.path / ".git/hooks/post-commit", location_of(git.path)
    put(hook, script("echo theirs"))
    before = listing(git.path / ".git")
    install.install(here, python)
    hook.unlink()
    install.uninstall(here)
    assert listing(git.path / ".git") == before


@pytest.mark.heavy
def test_concurrent_installs_and_uninstalls_keep_the_existing_hook(git: Git, python: str) -> None:
    put(git.path / ".git/hooks/post-commit", script("echo theirs"))
    before, here = listing(git.path / ".git"), location_of(git.path)
    for _ in range(5):
        with ThreadPoolExecutor(8) as pool:
            for future in [pool.submit(install.install, here, python) for _ in range(8)]:
                future.result()
        assert (git.path / ".git/hooks.before-gitver/post-commit").read_text() == script(
            "echo theirs"
        )
        with ThreadPoolExecutor(8) as pool:
            for future in [pool.submit(install.uninstall, here) for _ in range(8)]:
                future.result()
        assert listing(git.path / ".git") == before


def changes(folder: Path, outcome: str, **others: str) -> list[install.HookChange]:
    """One change for each hook in ``folder``: ``outcome``, or another one by its name."""
    return [
        install.HookChange(name, folder / name, others.get(name.replace("-", "_"), outcome))
        for name in NAMES
    ]


def test_every_change_names_its_hook_its_path_and_its_outcome(git: Git, python: str) -> None:
    here, hooks = location_of(git.path), git.path / ".git/hooks"
    put(hooks / "post-merge", script("echo theirs"))
    changed = install.install(here, python)
    assert changed == changes(hooks, "installed")
    kept = hooks.with_name("hooks.before-gitver") / "post-merge"
    assert [install.kept_hook(change) for change in changed] == [None, None, kept, None, None]
    assert install.install(here, python) == changes(hooks, "unchanged")
    other = shutil.copy(python, f"{python}-other")
    assert install.install(here, other) == changes(hooks, "updated")
    kept.chmod(0o644)
    assert install.kept_hook(changed[2]) is None
    (hooks / "post-merge").unlink()
    removed = changes(hooks, "removed")
    removed[2] = install.HookChange("post-merge", hooks / "post-merge", "restored")
    assert install.uninstall(here) == removed
    assert install.uninstall(here) == []


def test_a_restored_hook_is_named(git: Git, python: str) -> None:
    here, hooks = location_of(git.path), git.path / ".git/hooks"
    put(hooks / "post-merge", script("echo theirs"))
    install.install(here, python)
    assert install.uninstall(here) == changes(hooks, "removed", post_merge="restored")


def test_the_changes_of_a_ready_made_folder_are_named(git: Git, python: str) -> None:
    ready_made = hook_files.ready_made_folder()
    git("config", "core.hooksPath", str(ready_made))
    assert install.install(location_of(git.path), python) == changes(ready_made, "ready-made")


PRE_COMMIT = "#!/bin/sh\n# File generated by pre-commit: https://pre-commit.com\n"


def test_our_hook_beside_pre_commits_is_the_one_that_it_runs(git: Git, python: str) -> None:
    here, hooks = location_of(git.path), git.path / ".git/hooks"
    put(hooks / "post-merge", PRE_COMMIT)
    legacy = hooks / "post-merge.legacy"
    expected = changes(hooks, "installed")
    expected[2] = install.HookChange("post-merge", legacy, "installed")
    assert install.install(here, python) == expected
    assert hook_files.is_installed_by_us(legacy)
    assert (hooks / "post-merge").read_text() == PRE_COMMIT
    # pre-commit is uninstalled: its hook is gone, and ours has to take its place.
    (hooks / "post-merge").unlink()
    assert install.install(here, python) == changes(hooks, "unchanged", post_merge="installed")
    assert not legacy.exists()
    # And it comes back, without looking at what is there.
    put(hooks / "post-merge", PRE_COMMIT)
    install.install(here, python)
    assert hook_files.is_installed_by_us(legacy)
    removed = changes(hooks, "removed")
    removed[2] = install.HookChange("post-merge", legacy, "removed")
    assert install.uninstall(here) == removed


def failure(git: Git, interpreter: str) -> str:
    with pytest.raises(GitverError) as caught:
        install.install(location_of(git.path), interpreter)
    return str(caught.value)


def test_what_prevents_an_install_is_said_with_its_remedy(git: Git, python: str) -> None:
    hooks = git.path / ".git/hooks"
    assert failure(git, "/nonexistent/python") == (
        "the interpreter '/nonexistent/python' cannot be run: No such file or directory; "
        "run `gitver install` from the environment that has gitver-hooks"
    )
    assert failure(git, "/bin/false") == (
        "/bin/false does not find gitver_hooks without PYTHONPATH; install it with "
        "`pip install gitver-hooks`, then run `gitver install` again"
    )
    a_folder_as_hook(git)
    assert failure(git, python) == (
        f"{hooks}/post-merge is not a file; move it away, then run `gitver install` again"
    )
    git("config", "core.hooksPath", "")
    assert failure(git, python) == (
        "core.hooksPath is empty or the worktree's root, where git runs no hooks; "
        "`git config --show-origin core.hooksPath` shows where to change it"
    )


def test_an_interpreter_needs_gitver_without_pythonpath_and_without_its_folder(
    git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The interpreter is asked as the hooks start it; what it prints is not shown."""
    monkeypatch.setenv("PYTHONPATH", str(Path(install.__file__).parents[2]))
    monkeypatch.chdir(Path(install.__file__).parents[2])
    bare = tmp_path / "bare" / "bin" / "python"
    bare.parent.mkdir(parents=True)
    bare.symlink_to(Path(sys.executable).resolve())
    (tmp_path / "bare" / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).resolve().parent}")
    assert "does not find gitver_hooks" in failure(git, str(bare))
    assert capfd.readouterr() == ("", "")


def command(run: Callable[[argparse.Namespace], int], folder: Path) -> None:
    """Run a command in ``folder`` without registering anything."""
    environment = {**os.environ, "GITVER_DISABLE": "1"}
    arguments = {"folder": str(folder), "environment": environment, "allow": False, "purge": False}
    assert run(argparse.Namespace(**arguments)) == 0


def test_install_and_uninstall_list_what_they_changed(
    git: Git, capsys: pytest.CaptureFixture[str]
) -> None:
    put(git.path / ".git/hooks/post-merge", script("echo theirs"))
    command(install_command.run, git.path)
    assert capsys.readouterr().out.splitlines() == [
        f"hooks in {git.path}/.git/hooks",
        "  post-commit      installed",
        "  post-checkout    installed",
        f"  post-merge       installed, after {git.path}/.git/hooks.before-gitver/post-merge",
        "  post-rewrite     installed",
        "  post-applypatch  installed",
    ]
    command(uninstall_command.run, git.path)
    assert capsys.readouterr().out.splitlines()[3] == "  post-merge       restored"
    command(uninstall_command.run, git.path)
    assert "no hooks to remove" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "warning"),
    [("~/hooks", "every repository"), ("githooks", "part of your code"), (".git/x", None)],
)
def test_install_warns_about_a_hooks_folder_outside_the_git_dir(
    value: str,
    warning: str | None,
    git: Git,
    capsys: pytest.CaptureFixture[str],
) -> None:
    git("config", "core.hooksPath", value)
    command(install_command.run, git.path)
    output = capsys.readouterr().out
    assert ("core.hooksPath" in output) == (warning is not None)
    assert warning is None or warning in output


def test_install_outside_a_worktree_is_an_expected_failure(tmp_path: Path) -> None:
    with pytest.raises(GitverError, match="not inside a git worktree"):
        command(install_command.run, tmp_path)

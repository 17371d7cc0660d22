"""Git's ownership rule, compared with what git itself does about somebody else's repository."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from support.git import Git
from support.locations import location_of

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import all_worktrees, find_location
from gitver_hooks.gitfiles.ownership import DubiousOwnership, check_state_folder

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")

STRANGER = 54321


def give_away(*paths: Path, user: int = STRANGER) -> None:
    for path in paths:
        os.lchown(path, user, user)


def agree(git: Git, **environment: str) -> bool:
    """Whether the repository is trusted, having checked that git says the same."""
    done = git.run("rev-parse", "--git-dir", check=False, **environment)
    assert done.returncode == 0 or "dubious ownership" in done.stderr
    try:
        found = find_location(str(git.path), {**os.environ, **environment})
    except DubiousOwnership:
        found = None
    assert (found is not None) == (done.returncode == 0), done.stderr
    return found is not None


@pytest.mark.parametrize("part", [".", ".git"])
def test_every_part_of_a_repository_must_belong_to_the_user(git: Git, part: str) -> None:
    assert agree(git)
    give_away(git.path / part)
    assert not agree(git)


def test_the_git_file_of_a_linked_worktree_must_belong_to_the_user(git: Git) -> None:
    git("worktree", "add", "-q", "../linked")
    linked = Git(git.path.parent / "linked")
    assert agree(linked)
    give_away(linked.path / ".git")
    assert not agree(linked)
    give_away(linked.path / ".git", user=0)
    give_away(git.path / ".git" / "worktrees" / "linked")
    assert not agree(linked)


def test_with_sudo_the_repositories_of_the_calling_user_are_trusted(git: Git) -> None:
    give_away(git.path, git.path / ".git")
    assert agree(git, SUDO_UID=str(STRANGER))
    for other in (str(STRANGER + 1), "", "nobody", f"{STRANGER}x"):
        assert not agree(git, SUDO_UID=other)


@pytest.mark.parametrize(
    ("values", "is_safe"),
    [
        (["{path}"], True),
        (["*"], True),
        (["{path}", ""], False),
        (["", "{path}"], True),
        (["{parent}"], False),
        (["{path}/.git"], False),
        (["~/app"], True),
        (["/elsewhere", "{path}"], True),
        (["{path}x"], False),
    ],
)
def test_safe_directory_makes_exceptions(isolated: Path, values: list[str], is_safe: bool) -> None:
    git = Git(isolated / "app")
    git.path.mkdir()
    git("init", "-q")
    give_away(git.path)
    for value in values:
        named = value.format(path=git.path, parent=git.path.parent)
        git("config", "--global", "--add", "safe.directory", named)
    assert agree(git) == is_safe


def test_a_repository_cannot_declare_itself_safe(git: Git) -> None:
    git("config", "safe.directory", "*")
    give_away(git.path)
    assert not agree(git)


def test_the_environment_and_the_system_configuration_can_declare_it_safe(
    git: Git, tmp_path: Path
) -> None:
    give_away(git.path)
    (tmp_path / "system").write_text("[safe]\n\tdirectory = *\n")
    assert agree(git, GIT_CONFIG_NOSYSTEM="0", GIT_CONFIG_SYSTEM=str(tmp_path / "system"))
    assert not agree(git, GIT_CONFIG_SYSTEM=str(tmp_path / "system"))
    assert agree(
        git,
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0="safe.directory",
        GIT_CONFIG_VALUE_0=str(git.path),
    )


def test_a_link_to_the_worktree_is_judged_by_its_target(git: Git, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(git.path)
    give_away(link)
    assert agree(Git(link))
    give_away(git.path)
    assert not agree(Git(link))
    git("config", "--global", "safe.directory", str(git.path))
    assert agree(Git(link))


def test_the_refusal_says_what_to_do_and_doing_it_helps(git: Git, tmp_path: Path) -> None:
    path = tmp_path / "some app's"
    shutil.move(git.path, path)
    give_away(path)
    with pytest.raises(DubiousOwnership, match="--global --add safe") as caught:
        find_location(str(path), os.environ)
    command = caught.value.remedy.partition("`")[2].rpartition("`")[0]
    assert os.system(command) == 0
    assert find_location(str(path), os.environ) is not None


def test_other_peoples_worktrees_of_ones_own_repository_are_left_alone(git: Git) -> None:
    git("worktree", "add", "-q", "../linked")
    found = location_of(git.path)
    assert len(all_worktrees(found, os.environ)) == 2
    give_away(git.path.parent / "linked")
    assert len(all_worktrees(found, os.environ)) == 1


def test_the_state_must_be_a_folder_of_the_user(git: Git, tmp_path: Path) -> None:
    folder = git.path / ".git" / "gitver"

    def check() -> None:
        check_state_folder(str(folder), str(git.path), os.environ)

    check()
    folder.mkdir()
    check()
    give_away(folder)
    with pytest.raises(GitverError, match="belongs to another user"):
        check()
    git("config", "--global", "safe.directory", str(git.path))
    check()
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(GitverError, match="is not a folder"):
        check()


@pytest.fixture(autouse=True)
def _own_home(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)

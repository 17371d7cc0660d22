"""Three apps and a shared library, held against git's own trees of their paths."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from support.app_oracle import PATHSPECS, make_apps, parts
from support.git import Git

from gitver_hooks.version.identify import identify
from gitver_hooks.version.version import Version

Step = Callable[[Git, random.Random], None]

_FOLDERS = (
    "apps/chat", "apps/chat/src", "apps/search", "apps/search/src/data", "batch", "batch/src",
    "batch/src/data", "libs/common", "libs/common/sub", "libs", "docs", ".",
)  # fmt: skip
_NAMES = ("main.py", "README.md", "tool.py", "new.txt", "src", "data.bin")


def _edit(git: Git, chance: random.Random) -> None:
    path = git.path / chance.choice(_FOLDERS) / chance.choice(_NAMES)
    if path.is_dir():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{chance.randrange(6)}\n")


def _delete(git: Git, chance: random.Random) -> None:
    tracked = [name for name in git("ls-files").split("\n") if not name.endswith(".gitver.yaml")]
    (git.path / chance.choice(tracked)).unlink(missing_ok=True)


def _chmod(git: Git, chance: random.Random) -> None:
    path = git.path / chance.choice(git("ls-files").split("\n"))
    if path.exists():
        path.chmod(chance.choice((0o644, 0o755)))


def _stage(git: Git, chance: random.Random) -> None:
    git("add", "-A", chance.choice(("apps", "libs", ".")))


def _commit(git: Git, _: random.Random) -> None:
    git.commit("step")


def _revert(git: Git, chance: random.Random) -> None:
    git.commit("before a revert")
    if git.run("revert", "-n", f"HEAD~{chance.randrange(3)}", check=False).returncode:
        git("reset", "-q", "--hard")
    git.commit("revert")


def _merge(git: Git, chance: random.Random) -> None:
    git.commit("before a merge")
    git("checkout", "-q", "-b", "side", "HEAD~1")
    _edit(git, chance)
    git.commit("side")
    git("checkout", "-q", "main")
    git("merge", "-q", "-X", "ours", "side", check=False)
    if git("ls-files", "-u"):
        git("reset", "-q", "--hard")
    git("branch", "-D", "side")


def _pick(git: Git, chance: random.Random) -> None:
    git.commit("before a pick")
    picked = git("rev-parse", "HEAD")
    git("reset", "-q", "--hard", "HEAD~1")
    _edit(git, chance)
    git.commit("other")
    if git.run("cherry-pick", "--allow-empty", "-X", "theirs", picked, check=False).returncode:
        git("reset", "-q", "--hard")


_STEPS: tuple[Step, ...] = (
    *(_edit, _edit, _edit, _delete, _chmod, _stage, _commit, _commit),
    *(_revert, _merge, _pick),
)


def _versions(git: Git) -> dict[str, Version]:
    return {app: identify(git.path / app) for app in PATHSPECS}


def _run(git: Git, steps: int, seed: int) -> None:
    chance = random.Random(seed)
    make_apps(git)
    ids: dict[str, dict[tuple[str, str], str]] = {app: {} for app in PATHSPECS}
    for _ in range(steps):
        chance.choice(_STEPS)(git, chance)
        for app, version in _versions(git).items():
            head, content = parts(git, app)
            assert version.tree == content
            assert version.dirty == (head != content)
            expected = f"tree-{head[:32]}-dirty-" if version.dirty else f"tree-{head}"
            assert version.id.startswith(expected)
            # One content has one id, and no two contents have the same.
            assert ids[app].setdefault((head, content), version.id) == version.id
        assert all(len(set(known.values())) == len(known) for known in ids.values())


def test_a_version_changes_exactly_when_the_content_of_the_paths_does(git: Git) -> None:
    _run(git, steps=25, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_versions_over_200_commits_and_edits(git: Git, seed: int) -> None:
    _run(git, steps=200, seed=seed)


def test_a_shallow_clone_has_the_same_versions(git: Git, tmp_path: Path) -> None:
    make_apps(git)
    git.commit("docs only", **{"docs/more.md": "more"})
    git("clone", "-q", "--depth=1", f"file://{git.path}", str(tmp_path / "clone"))
    clone = Git(tmp_path / "clone")
    assert {app: v.id for app, v in _versions(clone).items()} == {
        app: v.id for app, v in _versions(git).items()
    }


def test_a_revert_a_cherry_pick_and_a_merge_lead_back_to_the_same_version(git: Git) -> None:
    make_apps(git)
    first = identify(git.path / "apps/search").id
    git.commit("edit", **{"libs/common/llm.py": "edited\n"})
    edited = identify(git.path / "apps/search").id
    git("revert", "--no-edit", "HEAD")
    assert identify(git.path / "apps/search").id == first
    git("checkout", "-q", "-b", "side", "HEAD~2")
    git("cherry-pick", "main~1")
    assert identify(git.path / "apps/search").id == edited != first
    git("checkout", "-q", "-b", "docs", "main~1")
    git.commit("docs", **{"docs/a.md": "a"})
    git("merge", "-q", "side")
    assert identify(git.path / "apps/search").id == edited


def test_the_app_in_the_root_contains_the_others(git: Git) -> None:
    make_apps(git)
    assert identify(git.path).id == git("rev-parse", "HEAD")
    git.write("apps/chat/tool.py", "edited\n")
    assert identify(git.path).dirty
    assert not identify(git.path / "batch").dirty

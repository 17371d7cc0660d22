"""The diff of a dirty version: git can apply it, its size is bounded, secrets are not in it."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.git import Git

from gitver_hooks.repository.repository import open_repository
from gitver_hooks.version.diff import LARGEST_DIFF, Diff, write_diff
from gitver_hooks.version.withhold import withhold_secrets
from gitver_hooks.worktree.content import read_content


def diff_of(git: Git, secrets: Sequence[str] = (), largest: int = LARGEST_DIFF) -> str:
    with open_repository(git.path, os.environ) as repository:
        content = read_content(repository)
        diff = write_diff(content, secrets=secrets, largest=largest)
    assert Diff.from_json(diff.to_json()) == diff
    return withhold_secrets(diff)


def tree_after_applying(git: Git, diff: str, tmp_path: Path) -> str:
    """The tree that git makes of a fresh clone of HEAD with ``diff`` applied."""
    clone = tmp_path / f"clone{random.random()}"
    git("clone", "-q", str(git.path), str(clone))
    done = subprocess.run(
        ["git", "apply", "--index", "-"],
        cwd=clone,
        input=diff.encode("utf-8", "surrogateescape"),
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr + b"\n" + diff.encode()
    return Git(clone)("write-tree")


def tree_of(git: Git) -> str:
    with open_repository(git.path, os.environ) as repository:
        return read_content(repository).tree


def test_a_clean_worktree_has_no_diff(git: Git) -> None:
    assert diff_of(git) == ""


def test_git_apply_turns_head_into_the_worktree(git: Git, tmp_path: Path) -> None:
    git.commit(
        "more",
        **{
            "long.txt": "".join(f"{n}\n" for n in range(200)),
            "gone.txt": "bye\n",
            "no newline.txt": "a\nb",
            "mode.sh": "#!/bin/sh\n",
            "becomes-link": "x\n",
            "empty": "",
        },
    )
    git.write("long.txt", "".join(f"{n}\n" for n in range(200) if n not in (3, 100)) + "end")
    (git.path / "gone.txt").unlink()
    git.write("no newline.txt", "a\nc\n")
    (git.path / "mode.sh").chmod(0o755)
    (git.path / "becomes-link").unlink()
    os.symlink("long.txt", git.path / "becomes-link")
    git.write("empty", "no longer\n")
    git.write('new/ünï "quoted"\tname.txt', "form\x0cfeed and \r and \u2028\n")
    git.write("new/empty", "")
    (git.path / "new" / "run.sh").write_text("#!/bin/sh\n")
    (git.path / "new" / "run.sh").chmod(0o755)
    assert tree_after_applying(git, diff_of(git), tmp_path) == tree_of(git)


def test_before_the_first_commit_the_diff_contains_all_files(
    make_git: type[Git], tmp_path: Path
) -> None:
    git = make_git("unborn")  # type: ignore[arg-type]
    git.write("a.txt", "a\n")
    assert "+a\n" in diff_of(git)


@pytest.mark.parametrize("seed", range(12))
def test_random_edits_apply(git: Git, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    lines = [chance.choice(["", "a", "b", "c", "+x", "-y", "\\ z"]) for _ in range(60)]
    git.commit("base", text="\n".join(lines))
    for _ in range(chance.randrange(1, 20)):
        position = chance.randrange(len(lines))
        edit = chance.choice(["drop", "add", "change"])
        lines[position : position + (edit != "add")] = [] if edit == "drop" else [edit]
        lines = lines or [""]
    git.write("text", "\n".join(lines) + chance.choice(["", "\n"]))
    assert tree_after_applying(git, diff_of(git), tmp_path) == tree_of(git)


@pytest.mark.parametrize("name", [".env", "deep/.ENV", "server.pem", "id_rsa", "secrets/x.txt"])
def test_a_file_with_a_name_common_for_secrets_is_named_but_not_shown(git: Git, name: str) -> None:
    git.write(name, "nothing special\n")
    assert diff_of(git) == f"# not shown (its name suggests a secret): {name}\n"


def test_a_file_with_a_secret_name_does_not_enter_the_unscanned_diff(git: Git) -> None:
    git.write(".env", "nothing special\n")
    with open_repository(git.path, os.environ) as repository:
        diff = write_diff(read_content(repository))
    assert "nothing special" not in diff.to_json()


def test_the_setting_adds_patterns_for_names(git: Git) -> None:
    git.write("private/notes.txt", "my notes\n")
    assert "my notes" in diff_of(git)
    assert "my notes" not in diff_of(git, secrets=["private"])
    assert "my notes" not in diff_of(git, secrets=["Private/*.txt"])


def test_a_binary_file_is_named_with_its_blob(git: Git, tmp_path: Path) -> None:
    git.write("logo.png", b"\x89PNG\0\1")
    git.write("latin.txt", "é".encode("latin-1"))
    git.write("app.py", "changed\n")
    diff = diff_of(git)
    for name in ("logo.png", "latin.txt"):
        blob = git("hash-object", name)
        assert f"# not shown (binary or very large, blob {blob}): {name}\n" in diff
    tree_after_applying(git, diff, tmp_path)


def test_a_diff_beyond_its_limit_says_what_is_cut_and_applies(git: Git, tmp_path: Path) -> None:
    for number in range(60):
        git.write(f"{number:02}.txt", f"{number}\n" * 100)
    diff = diff_of(git, largest=8_000)
    assert len(diff) <= 8_000
    assert "\n# not shown (cut: the diff is too large): " in diff
    assert diff.count("diff --git") > 5
    tree_after_applying(git, diff, tmp_path)


def test_the_notes_about_thousands_of_files_stay_within_the_limit_too(git: Git) -> None:
    for number in range(2_000):
        git.write(f"{number}.env", "x\n")
    diff = diff_of(git, largest=8_000)
    assert len(diff) <= 8_000
    assert "more changed files\n" in diff


def test_a_very_large_file_is_named_even_if_its_patch_would_be_small(git: Git) -> None:
    git.commit("large", large="line\n" * 250_000)
    git.write("large", "line\n" * 250_000 + "one more\n")
    blob = git("hash-object", "large")
    assert diff_of(git) == f"# not shown (binary or very large, blob {blob}): large\n"


def test_the_default_limit_fits_the_tags_of_sql_stores(git: Git) -> None:
    for number in range(30):
        git.write(f"{number:02}.txt", f"{number}\n" * 2_000)
    assert 60_000 < len(diff_of(git)) <= 90_000


def test_files_that_are_costly_to_align_are_replaced_whole(git: Git, tmp_path: Path) -> None:
    git.commit("base", big="a\nb\n" * 5_000)
    git.write("big", "b\na\na\n" * 5_000)
    diff = diff_of(git, largest=200_000)
    assert tree_after_applying(git, diff, tmp_path) == tree_of(git)


def test_the_new_commit_of_a_submodule_is_shown(
    git: Git, make_git: type[Git], tmp_path: Path
) -> None:
    inner = make_git("inner")  # type: ignore[arg-type]
    inner.commit("one")
    git("submodule", "add", "-q", str(inner.path), "sub")
    git.commit("with submodule")
    before = git("rev-parse", "HEAD:sub")
    sub = Git(git.path / "sub")
    after = sub.commit("two")
    diff = diff_of(git)
    assert f"-Subproject commit {before}\n+Subproject commit {after}\n" in diff
    assert tree_after_applying(git, diff, tmp_path) == tree_of(git)


def test_a_submodule_with_changes_of_its_own_is_named(git: Git, make_git: type[Git]) -> None:
    inner = make_git("inner")  # type: ignore[arg-type]
    inner.commit("one")
    git("submodule", "add", "-q", str(inner.path), "sub")
    git.commit("with submodule")
    git.write("sub/new.txt", "s3cret")
    assert diff_of(git) == "# not shown (submodule with changes of its own): sub\n"

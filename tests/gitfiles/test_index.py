"""The index file, held against ``git ls-files``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles import index as index_file
from gitver_hooks.gitfiles.index import INTENT_TO_ADD, SKIP_WORKTREE, IndexFormatError, read_index
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.worktree.content import read_content


def fill(git: Git) -> None:
    files = {f"d{i % 7}/e{i % 3}/file-{i}": f"{i}\n" for i in range(300)}
    git.commit(**files, **{"a": "1\n", "a.b": "2\n", "a-b": "3\n"})


def listed(git: Git) -> list[tuple[int, str, int, bytes]]:
    """(mode, id, stage, path), as git lists them."""
    entries = []
    for line in git("ls-files", "-s", "-z").split("\0"):
        if line:
            fields, path = line.split("\t", 1)
            mode, raw_id, stage = fields.split(" ")
            entries.append(
                (int(mode, 8), raw_id, int(stage), path.encode("utf-8", "surrogateescape"))
            )
    return entries


def read(git: Git, id_length: int = 20) -> list[tuple[int, str, int, bytes]]:
    index = read_index(str(git.path / ".git"), id_length)
    entries = [
        (index_file.mode(record), index.id(record).hex(), 0, path)
        for path, record in index.entries.items()
    ]
    for path, stages in index.unmerged.items():
        for stage, record in stages.items():
            entries.append((index_file.mode(record), index.id(record).hex(), stage, path))
    return sorted(entries, key=lambda entry: (entry[3], entry[2]))


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_all_index_versions_contain_what_git_lists(git: Git, version: str) -> None:
    fill(git)
    git("update-index", "--index-version", version)
    assert read(git) == listed(git)


def test_ids_of_sha_256_are_longer(make_git: Callable[..., Git]) -> None:
    git = make_git("app", "--object-format=sha256")
    fill(git)
    assert read(git, 32) == listed(git)


def test_a_split_index_is_merged_with_the_shared_one(git: Git) -> None:
    fill(git)
    git("config", "splitIndex.maxPercentChange", "100")
    git("update-index", "--split-index")
    assert read(git) == listed(git)
    git.write("d1/e1/file-1", "changed\n")
    git.write("added", "1\n")
    (git.path / "d2/e2/file-2").unlink()
    git("add", "-A")
    assert list((git.path / ".git").glob("sharedindex.*"))
    assert read(git) == listed(git)
    git("rm", "-q", "-r", "--cached", "d3")
    assert read(git) == listed(git)


def test_unmerged_paths_have_their_stages(git: Git) -> None:
    git("checkout", "-q", "-b", "other")
    git.commit(**{"app.py": "theirs\n"})
    git("checkout", "-q", "main")
    git.commit(**{"app.py": "ours\n"})
    git("merge", "-q", "other", check=False)
    assert read(git) == listed(git)
    assert sorted(read_index(str(git.path / ".git")).unmerged[b"app.py"]) == [1, 2, 3]


def test_extended_flags_are_read(git: Git) -> None:
    git.commit(skipped="1\n")
    git.write("intended", "1\n")
    git("add", "-N", "intended")
    git("update-index", "--skip-worktree", "skipped")
    index = read_index(str(git.path / ".git"))
    assert index.flags(index.entries[b"skipped"])[1] == SKIP_WORKTREE
    assert index.flags(index.entries[b"intended"])[1] == INTENT_TO_ADD
    assert index.flags(index.entries[b"app.py"])[1] == 0


def test_cached_trees_are_those_of_head(git: Git) -> None:
    fill(git)
    index = read_index(str(git.path / ".git"))
    assert index.trees[b""].hex() == git("rev-parse", "HEAD^{tree}")
    assert index.trees[b"d1/e1"].hex() == git("rev-parse", "HEAD:d1/e1")
    git.write("d1/e1/file-1", "changed\n")
    git("add", "d1/e1/file-1")
    index = read_index(str(git.path / ".git"))
    assert not {b"", b"d1", b"d1/e1"} & index.trees.keys()
    assert b"d1/e2" in index.trees


def test_a_sparse_index_keeps_folders_folded(git: Git) -> None:
    fill(git)
    git("sparse-checkout", "set", "--cone", "--sparse-index", "d1")
    index = read_index(str(git.path / ".git"))
    assert index.sparse[b"d2"].hex() == git("rev-parse", "HEAD:d2")
    assert not any(path.startswith(b"d2/") for path in index.entries)


def test_refreshed_stat_data_does_not_change_the_content_key(git: Git) -> None:
    key = read_index(str(git.path / ".git")).content_key()
    (git.path / "app.py").touch()
    git("update-index", "--refresh")
    git("update-index", "--index-version", "4")
    assert read_index(str(git.path / ".git")).content_key() == key
    git("update-index", "--chmod=+x", "app.py")
    assert read_index(str(git.path / ".git")).content_key() != key


def test_a_missing_index_counts_as_empty(make_git: Callable[..., Git]) -> None:
    assert not read_index(str(make_git().path / ".git")).entries


@pytest.mark.parametrize("damage", [b"", b"DIRC", b"DIRC\0\0\0\x09\0\0\0\0", b"x" * 100])
def test_a_damaged_index_is_an_error_that_names_it(git: Git, damage: bytes) -> None:
    Path(git.path, ".git", "index").write_bytes(damage)
    with pytest.raises(IndexFormatError):
        read_index(str(git.path / ".git"))
    with (
        open_repository(git.path, os.environ) as repository,
        pytest.raises(GitverError, match=r"\.git/index"),
    ):
        read_content(repository)


def test_an_unknown_required_extension_is_an_error(git: Git) -> None:
    path = git.path / ".git" / "index"
    data = path.read_bytes()
    path.write_bytes(data[:-20] + b"zzzz\0\0\0\0" + data[-20:])
    with pytest.raises(IndexFormatError, match="zzzz"):
        read_index(str(git.path / ".git"))

"""Objects from git's own files, compared with what `git cat-file` says."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.git import Git

from gitver_hooks.gitfiles.object_files import ObjectFiles

MakeGit = Callable[..., Git]
FORMATS = ("sha1", "sha256")


def lengths(git: Git) -> int:
    return len(git("rev-parse", "HEAD")) // 2


def objects(git: Git) -> Iterator[tuple[bytes, bytes, bytes]]:
    """The raw id, type and content of every object that git has."""
    command = ["git", "cat-file", "--batch", "--batch-all-objects"]
    output = subprocess.run(command, cwd=git.path, capture_output=True, check=True).stdout
    at = 0
    while at < len(output):
        end = output.index(b"\n", at)
        name, kind, size = output[at:end].split()
        at = end + 1 + int(size)
        yield bytes.fromhex(name.decode()), kind, output[end + 1 : at]
        at += 1


def history(git: Git) -> None:
    """Commits, trees, tags and blobs, some of which are deltas once they are packed."""
    lines = [f"line {number}\n" for number in range(2_000)]
    for number in range(6):
        lines[number * 300] = f"changed in {number}\n"
        git.write("big.txt", "".join(lines))
        git.write("random.bin", bytes(range(256)) * (300 + number) + b"\0")
        git.commit(f"commit {number}", **{f"folder{number}/file.txt": f"{number}\n", "empty": ""})
    git("tag", "-a", "-m", "annotated", "v1")


def expect_all(git: Git, folder: Path) -> int:
    found = 0
    with closing(ObjectFiles(str(folder), lengths(git))) as files:
        for raw_id, kind, content in objects(git):
            assert files.read(raw_id) == (kind, content), raw_id.hex()
            found += 1
    return found


@pytest.mark.parametrize("object_format", FORMATS)
def test_all_objects_are_read_as_git_reads_them(make_git: MakeGit, object_format: str) -> None:
    git = make_git("app", f"--object-format={object_format}")
    history(git)
    assert expect_all(git, git.path / ".git") > 20
    git("repack", "-q", "-a", "-d", "-f", "--depth=50", "--window=50")
    (index,) = (git.path / ".git/objects/pack").glob("*.idx")
    assert "chain length" in git("verify-pack", "-v", str(index))
    assert expect_all(git, git.path / ".git") > 20
    git.commit("loose beside packed", new="new\n")
    expect_all(git, git.path / ".git")


@pytest.mark.parametrize("option", ["repack.useDeltaBaseOffset=false", "pack.indexVersion=2"])
def test_both_kinds_of_deltas_are_read(git: Git, option: str) -> None:
    history(git)
    git("-c", option, "repack", "-q", "-a", "-d", "-f")
    expect_all(git, git.path / ".git")


def test_offsets_beyond_two_gigabytes_are_read(git: Git) -> None:
    history(git)
    git("-c", "pack.packSizeLimit=0", "repack", "-q", "-a", "-d", "-f")
    (pack,) = (git.path / ".git/objects/pack").glob("*.pack")
    # git writes the long form for everything beyond this offset.
    git("index-pack", "--index-version=2,0x40", str(pack))
    expect_all(git, git.path / ".git")


def test_objects_of_alternates_are_found(git: Git, tmp_path: Path) -> None:
    history(git)
    shared, again = Git(tmp_path / "shared"), Git(tmp_path / "again")
    git("clone", "-q", "--shared", str(git.path), str(shared.path))
    shared("clone", "-q", "--shared", str(shared.path), str(again.path))
    expect_all(shared, shared.path / ".git")
    expect_all(again, again.path / ".git")


@pytest.mark.parametrize("damage", ["loose", "pack", "index", "old index"])
def test_what_is_damaged_or_unknown_is_left_to_others(git: Git, damage: str) -> None:
    history(git)
    raw_id = bytes.fromhex(git("rev-parse", "HEAD:big.txt"))
    folder = git.path / ".git/objects"
    if damage == "loose":
        path = folder / raw_id.hex()[:2] / raw_id.hex()[2:]
    else:
        version = "1" if damage == "old index" else "2"
        git("-c", f"pack.indexVersion={version}", "repack", "-q", "-a", "-d")
        (path,) = (folder / "pack").glob("*.pack" if damage == "pack" else "*.idx")
    path.chmod(0o600)
    if damage != "old index":
        path.write_bytes(path.read_bytes()[:40])
    with closing(ObjectFiles(str(git.path / ".git"), 20)) as files:
        assert files.read(raw_id) is None


def test_an_object_that_does_not_exist_is_not_found(git: Git) -> None:
    with closing(ObjectFiles(str(git.path / ".git"), 20)) as files:
        assert files.read(bytes(20)) is None
        assert files.read(b"\xff" * 20) is None

"""The tag of a kept version: git accepts it, and only what gitver has written is read back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.git import Git

from gitver_hooks.keeping.kept_version import Cut, KeptVersion, Submodule, ref_suffix

TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
COMMIT = "0" * 39 + "1"
KEPT = KeptVersion(
    version=f"{COMMIT[:32]}-dirty-0123abcd",
    commit=COMMIT,
    tree=TREE,
    full_tree="1" * 40,
    model_name="shop-git-00000000-dirty-0123abcd",
    submodules=(Submodule("unborn-dirty-89abcdef", b"lib"),),
    cuts=(
        Cut("secret", 12, b".env"),
        Cut("large", 1 << 40, 'data/"quoted"\tand\\ back\né \xff'.encode("latin-1")),
        Cut("missing", 0, b"-leading dash "),
        Cut("submodule", 0, b"\x01\x7f"),
    ),
)


@pytest.mark.parametrize(
    "kept",
    [
        KEPT,
        KEPT._replace(commit=None, version="unborn-dirty-0123abcd", cuts=(), submodules=()),
        KEPT._replace(version=f"{KEPT.version}@feature/{{x}}/{'y' * 300}"),
        KEPT._replace(tree="2" * 64, full_tree="3" * 64, commit="4" * 64),
    ],
    ids=["cuts", "unborn", "branch", "sha256"],
)
def test_a_tag_is_read_back(kept: KeptVersion) -> None:
    assert KeptVersion.parse(kept.to_tag(1_700_000_000)) == kept


@pytest.mark.parametrize("seconds", [0, 1_700_000_000, -5])
def test_git_accepts_the_tag(git: Git, seconds: int) -> None:
    git("mktree", check=True)
    tag = git.write("tag", KEPT.to_tag(seconds))
    kept = git("hash-object", "-t", "tag", "-w", str(tag))
    git("update-ref", f"refs/gitver/{ref_suffix(KEPT.version)}", kept)
    assert git.run("fsck", "--strict").stderr == ""
    assert git("rev-parse", f"{kept}^{{tree}}") == TREE


@pytest.mark.parametrize("branch", ["feature/x", "a@{b}", "é", "x" * 250])
def test_a_ref_name_is_valid_and_has_no_folders(make_git: Callable[..., Git], branch: str) -> None:
    suffix = ref_suffix(f"{KEPT.version}@{branch}")
    assert "/" not in suffix
    make_git()("check-ref-format", f"refs/gitver/{suffix}")


def test_an_id_without_a_branch_is_the_name_of_its_ref() -> None:
    assert ref_suffix(KEPT.version) == KEPT.version


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"type tree", b"type commit"),
        (b"\nversion ", b"\nversions "),
        (b"\ntree 1", b"\ntree g"),
        (b"\nparent 0", b"\nparent -"),
        (b"object 4", b"object ."),
        (b"model-name shop", b"model-name \x1b[31m"),
        (b"cut secret", b"cut nothing"),
        (b"cut secret 12", b"cut secret -1"),
        (b"cut secret 12 .env", b"cut secret 12"),
        (b"12 .env", b'12 "\\q"'),
        (b"12 .env", b'12 "'),
        (b"12 .env", b"12 a\x7f"),
        (b"12 .env", b"12 \xc3\xa9"),
        (b"submodule unborn", b"submodule \x9b"),
        (b"\nversion ", b"\nversion x\nversion "),
    ],
)
def test_anything_else_is_refused(old: bytes, new: bytes) -> None:
    tag = KEPT.to_tag(1)
    assert old in tag
    with pytest.raises(ValueError):
        KeptVersion.parse(tag.replace(old, new, 1))

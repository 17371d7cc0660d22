"""What git stores for a file's bytes, held against ``git hash-object``."""

from __future__ import annotations

import itertools
import random
import subprocess
import time
from collections.abc import Callable

import pytest
from support.contents import content_of
from support.git import Git
from support.oracle import oracle_tree

from gitver_hooks.common.errors import GitverError
from gitver_hooks.worktree.conversion import is_binary
from gitver_hooks.worktree.filters import lfs_pointer

CONTENTS = {
    "empty": b"",
    "lf": b"one\ntwo\n",
    "crlf": b"one\r\ntwo\r\n",
    "mixed": b"one\r\ntwo\n",
    "lone-cr": b"one\rtwo\r\n",
    "cr-cr-lf": b"one\r\r\n",
    "nul": b"one\0\r\n",
    "end-of-file": b"one\r\n\x1a",
    "controls": b"\x01\x02\x03\r\n",
    "escapes": b"\x1b[1m\x08\x0c\t\r\n" * 40,
    "few-controls": b"x" * 300 + b"\x01\r\n",
    "latin": b"caf\xe9\r\n",
    "ident": b"$Id: 123 $\n$Id$ $Id: two\nlines $\r\n$Id: a $ $Id:b$",
}
LINES = (
    "* text=auto", "* text", "* -text", "* text=auto eol=crlf", "* eol=lf", "* eol=crlf", "* crlf",
    "* -crlf", "* crlf=input", "* binary", "* ident", "* text ident", "* text=input",
    "* !text eol=lf", "*.txt text\n* -text", '"*.txt" text', "[attr]mine text\n*.txt mine",
    "sub/** text", "/top.txt text", "[attr]mine -text\n* mine !text", "sub/ text", "!*.txt text",
    "*.TXT text", "# * text", "* text=unknown crlf", "* working-tree-encoding=UTF-16",
)  # fmt: skip


def write_all(git: Git) -> None:
    for name, content in CONTENTS.items():
        git.write(f"{name}.txt", content)
        git.write(f"sub/{name}.bin", content)


@pytest.mark.parametrize("autocrlf", ["false", "true", "input"])
def test_new_files_are_normalised_as_by_git(make_git: Callable[..., Git], autocrlf: str) -> None:
    git = make_git()
    git("config", "core.autocrlf", autocrlf)
    git("config", "core.safecrlf", "false")
    write_all(git)
    for lines in ("", *LINES[:-1]):
        git.write(".gitattributes", lines + "\n")
        assert content_of(git).tree == oracle_tree(git.path), lines


def test_crlf_in_the_index_is_kept_if_git_only_guesses_that_it_is_text(git: Git) -> None:
    write_all(git)
    git.commit()
    git("config", "core.autocrlf", "true")
    for name in CONTENTS:
        git.write(f"{name}.txt", b"changed\r\nas well\r\n")
    assert content_of(git).tree == oracle_tree(git.path)


def test_attributes_of_the_deepest_folder_and_of_info_take_precedence(git: Git) -> None:
    git.write(".gitattributes", "* text\n")
    git.write("sub/.gitattributes", "*.bin -text\n")
    git.write("sub/deep/.gitattributes", "*.bin text\n")
    for folder in ("", "sub/", "sub/deep/"):
        git.write(f"{folder}x.bin", b"1\r\n")
    assert content_of(git).tree == oracle_tree(git.path)
    git.write(".git/info/attributes", "sub/*.bin text\n")
    assert content_of(git).tree == oracle_tree(git.path)


def test_changed_rules_apply_to_untouched_files(git: Git) -> None:
    git("config", "core.autocrlf", "true")
    git.commit(**{"x.txt": "1\r\n", "y.txt": "2\n"})
    assert not content_of(git).dirty
    git("config", "--unset", "core.autocrlf")
    content = content_of(git)
    assert content.tree == oracle_tree(git.path)
    assert [change.path for change in content.changes] == [b"x.txt"]
    assert content_of(git).tree == content.tree
    git("config", "core.autocrlf", "input")
    assert not content_of(git).dirty


@pytest.mark.parametrize(
    ("attributes", "stored"),
    [
        ("*.c text", b"one\r\ntwo\r\n"),
        ("*.c text eol=crlf", b"one\r\ntwo\n"),
        ("*.c text=auto", b"one\r\ntwo\r\n"),
        ("*.c eol=lf", b"one\r\ntwo\n"),
        ("*.c ident", b"$Id: from elsewhere $\n$Id: 123 $\n"),
        ("*.c working-tree-encoding=UTF-16", "grün".encode("utf-16")),
        ("*.c filter=upper", b"lower\n"),
    ],
)
def test_an_untouched_checkout_is_clean_whatever_its_attributes_would_change(
    git: Git, attributes: str, stored: bytes
) -> None:
    git("config", "filter.upper.clean", "tr a-z A-Z")
    git.write("a.c", stored)
    git.commit()
    git.write(".gitattributes", f"{attributes}\n")
    commit = git.commit()
    clone = Git(git.path.parent / "clone")
    subprocess.run(["git", "clone", "-q", git.path, clone.path], check=True)
    clone("config", "filter.upper.clean", "tr a-z A-Z")
    for worktree in (git, clone):
        assert not content_of(worktree).dirty
        worktree("status")
        assert not content_of(worktree).dirty
        (worktree.path / "a.c").touch()
        assert not content_of(worktree).dirty
        worktree("add", "--renormalize", ".")
        content = content_of(worktree)
        assert (content.commit, content.dirty) == (commit, False)
        assert content.tree == oracle_tree(worktree.path)


def test_what_is_staged_does_not_decide_how_content_is_converted(git: Git) -> None:
    git.write(".gitattributes", "*.c text\n")
    git("add", "-A")
    git.write("a.c", b"one\r\n")
    blob = git("hash-object", "-w", "--no-filters", "a.c")
    git("update-index", "--add", "--cacheinfo", f"100644,{blob},a.c")
    git("commit", "-q", "-m", "CRLF stored under a text attribute")
    git("add", "--renormalize", ".")
    git("update-index", "--refresh")
    time.sleep(0.02)
    git("update-index", "--force-write-index")
    assert git("status", "--porcelain") == "M  a.c"
    assert not content_of(git).dirty


def test_a_smudge_filter_that_its_clean_filter_does_not_undo_leaves_a_checkout_clean(
    git: Git,
) -> None:
    git("config", "filter.stamp.clean", "cat")
    git("config", "filter.stamp.smudge", "cat; echo stamped")
    git.write(".gitattributes", "*.x filter=stamp\n")
    git.commit(**{"a.x": "one\n"})
    (git.path / "a.x").unlink()
    git("checkout", "-q", "a.x")
    assert (git.path / "a.x").read_text() == "one\nstamped\n"
    (git.path / "a.x").touch()
    assert not content_of(git).dirty
    git.write("a.x", "two\nstamped\n")
    assert content_of(git).tree == oracle_tree(git.path)


def test_a_required_filter_is_not_needed_for_an_unchanged_checkout(git: Git) -> None:
    git("config", "filter.half.smudge", "tr a-z A-Z")
    git("config", "filter.half.required", "true")
    git.write("a.x", "one\n")
    git.commit()
    git.write(".gitattributes", "*.x filter=half\n")
    git.write("a.x", "ONE\n")
    assert [change.path for change in content_of(git).changes] == [b".gitattributes"]
    git.write("a.x", "TWO\n")
    with pytest.raises(GitverError, match=r"'half' failed on 'a\.x'"):
        content_of(git)


def test_random_bytes_are_classified_as_by_git(make_git: Callable[..., Git]) -> None:
    git = make_git()
    chance = random.Random(1)
    git.write(".gitattributes", "* text=auto\n")
    for number in range(150):
        pool = chance.choice((b"ab\r\n", b"ab\r\n\x01\x7f\x1a", b"\r\n\x00a", bytes(range(256))))
        size = chance.choice((1, 3, 40, 400))
        git.write(f"{number}", bytes(chance.choices(pool, k=size)) + b"\r\n")
    assert content_of(git).tree == oracle_tree(git.path)


def test_one_odd_byte_in_128_makes_it_binary() -> None:
    assert not is_binary(b"x" * 128 + b"\x01\r\n")
    assert is_binary(b"x" * 127 + b"\x01\r\n")


def test_another_encoding_is_stored_as_utf_8(git: Git) -> None:
    git.write(".gitattributes", "*.txt text working-tree-encoding=UTF-16\n")
    git.write("a.txt", "grün\r\n".encode("utf-16"))
    assert content_of(git).tree == oracle_tree(git.path)
    git.write("broken.txt", b"\xff\xfe\x00")
    first = content_of(git)
    git.write("broken.txt", b"\xff\xfe\x01")
    assert content_of(git).digest != first.digest


def test_a_clean_filter_is_run_with_the_path(git: Git) -> None:
    git("config", "filter.rot.clean", "sed s/^/%f:/ | tr a-m n-z")
    git.write(".gitattributes", "*.rot filter=rot\n")
    git.write("it's $HOME.rot", "abc\n")
    git.write("sub/b.rot", "abc\n")
    git.write("c.txt", "abc\n")
    assert content_of(git).tree == oracle_tree(git.path)


def test_a_filter_that_fails_leaves_the_content_unless_it_is_required(git: Git) -> None:
    git("config", "filter.bad.clean", "false")
    git.write(".gitattributes", "*.x filter=bad\n*.y filter=undefined\n")
    git.write("a.x", "abc\n")
    git.write("a.y", "abc\n")
    assert content_of(git).tree == oracle_tree(git.path)
    git("config", "filter.bad.required", "true")
    with pytest.raises(Exception, match=r"'bad' failed on 'a\.x'"):
        content_of(git)


def test_a_long_running_filter_is_used(git: Git) -> None:
    git.write("filter.py", LONG_RUNNING)
    git("config", "filter.shout.process", "python3 filter.py")
    git.write(".gitattributes", "*.x filter=shout\n")
    git.write("a.x", "abc\n")
    assert content_of(git).tree == oracle_tree(git.path)


LONG_RUNNING = """
import sys
i, o = sys.stdin.buffer, sys.stdout.buffer
def read():
    n = int(i.read(4) or b"0", 16)
    return i.read(n - 4) if n else None
def read_list():
    return list(iter(read, None))
def write(*lines):
    for line in lines:
        o.write(b"%04x" % (len(line) + 4) + line)
    o.write(b"0000"); o.flush()
read_list(); write(b"git-filter-server\\n", b"version=2\\n")
read_list(); write(b"capability=clean\\n")
while True:
    if not read_list():
        break
    data = b"".join(read_list())
    write(b"status=success\\n"); write(data.upper()); write()
"""


def test_lfs_pointers_are_computed_without_git_lfs() -> None:
    pointer = (
        b"version https://git-lfs.github.com/spec/v1\n"
        b"oid sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\nsize 5\n"
    )
    assert lfs_pointer(b"hello") == pointer
    assert lfs_pointer(pointer) == pointer
    assert lfs_pointer(b"") == b""


def test_a_checkout_with_lfs_is_clean_with_and_without_its_content(git: Git) -> None:
    git.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    git.write("model.bin", lfs_pointer(b"weights"))
    git.commit()
    assert not content_of(git).dirty
    git.write("model.bin", b"weights")
    assert not content_of(git).dirty
    git.write("model.bin", b"weightz")
    assert content_of(git).dirty


def test_every_pair_of_rules_gives_the_blob_of_git(make_git: Callable[..., Git]) -> None:
    git = make_git()
    write_all(git)
    chance = random.Random(2)
    for pair in chance.sample(list(itertools.permutations(LINES[:-1], 2)), 40):
        git.write(".gitattributes", pair[0] + "\n")
        git.write("sub/.gitattributes", pair[1] + "\n")
        assert content_of(git).tree == oracle_tree(git.path), pair


def test_untouched_clones_are_clean_under_every_rule(make_git: Callable[..., Git]) -> None:
    git = make_git()
    for lines in ("* text=auto eol=crlf", "* ident", "*.txt working-tree-encoding=UTF-16"):
        git.write(".gitattributes", lines + "\n")
        git.write("a.txt", "one\n$Id$\n".encode("utf-16") if "UTF" in lines else b"one\n$Id$\n")
        git.commit()
        clone = Git(git.path.parent / f"clone-{len(lines)}")
        subprocess.run(["git", "clone", "-q", git.path, clone.path], check=True)
        assert not content_of(clone).dirty, lines
        (clone.path / "a.txt").touch()
        assert not content_of(clone).dirty, lines

"""The identity of real source trees, release after release, against git itself.

Each history consists of the source releases of a package from PyPI, which contain what synthetic
trees lack: test files in odd encodings, binaries, CRLF files, rule files in subfolders. A submodule
and random edits are added, and every state is compared with the tree that git makes of it.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git
from support.locations import location_of
from support.oracle import oracle_tree

from gitver_hooks.handover import freshness
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.worktree.content import read_content

HISTORIES = {
    "chardet": ("3.0.4", "4.0.0", "5.0.0", "5.1.0", "5.2.0"),
    "docutils": ("0.16", "0.17.1", "0.18.1", "0.19", "0.20.1"),
    "setuptools": ("69.0.2", "70.0.0", "72.1.0", "75.7.0", "80.9.0"),
}
STATES = int(os.environ.get("REPLAY_STATES", "300"))
_ATTRIBUTES = (
    "* text=auto", "*.py text", "*.txt eol=crlf", "*.rst text eol=lf", "*.html -text", "* !text",
    "*.py ident", "tests/** text=auto eol=crlf", "*.exe binary", "*.cfg text=auto",
)  # fmt: skip
_IGNORE = ("*.txt", "tests/", "!*.py", "/docs", "*.[ch]", "test*", "!setup.py", "**/data/**")
_CONFIGURATIONS = (
    ("core.autocrlf", "true"), ("core.autocrlf", "input"), ("core.autocrlf", "false"),
    ("core.fileMode", "false"), ("core.fileMode", "true"), ("core.eol", "crlf"), ("core.eol", "lf"),
    ("core.splitIndex", "true"), ("core.untrackedCache", "true"), ("index.version", "4"),
)  # fmt: skip
_COMMANDS = (
    "add -A", "add -u", "commit -q -a -m edits", "stash -q -u", "stash pop -q", "reset -q --hard",
    "reset -q", "checkout -q .", "rm -q -r --cached docs", "status", "gc -q", "pack-refs --all",
    "add --renormalize .", "submodule -q deinit -f --all", "submodule -q update --init",
    "update-index --really-refresh", "clean -q -d -f", "merge -q --no-edit side",
)  # fmt: skip

_STEPS = (
    *("command",) * 3, "release", *("file",) * 6, "new", "attributes", "ignore", "configure",
    "submodule",
)  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("package", HISTORIES)
def test_every_state_of_a_real_history_has_the_tree_that_git_computes(
    package: str, tmp_path: Path, make_git: Callable[..., Git]
) -> None:
    chance = random.Random(f"{package} 1")
    git = make_git("history")
    inner = make_git("inner")
    inner.commit(inside="1\n")
    for number, version in enumerate(HISTORIES[package]):
        unpack_release(package, version, tmp_path, git.path)
        if number == 1:
            git("submodule", "add", "-q", str(inner.path), "vendored/inner")
        git("add", "-A")
        git("commit", "-q", "-m", version)
        git("tag", f"v{version}")
    git("branch", "side", "HEAD~1")
    for number in range(STATES):
        step = change(git, chance)
        assert_identified(git, f"state {number}, after {step}")


def unpack_release(package: str, version: str, folder: Path, target: Path) -> None:
    """Replace the worktree's files by those of a release."""
    downloads = folder / f"{package}-{version}"
    subprocess.run(
        [
            sys.executable, "-m", "pip", "download", "-q", "--no-deps",
            "--no-binary", package, "-d", str(downloads), f"{package}=={version}",
        ],
        check=True,
    )  # fmt: skip
    (archive,) = downloads.glob("*.tar.gz")
    unpacked = folder / "unpacked"
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked, filter="data")
    for entry in target.iterdir():
        if entry.name not in (".git", ".gitmodules", "vendored"):
            remove(entry)
    (release,) = unpacked.iterdir()
    for entry in release.iterdir():
        shutil.move(str(entry), str(target / entry.name))
    shutil.rmtree(unpacked)


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def change(git: Git, chance: random.Random) -> str:
    """Change the worktree, its index or its configuration at random; returns what was done."""
    files = git("ls-files", "-z").split("\0")[:-1]
    name = chance.choice(files or ["new"])
    step = chance.choice(_STEPS)
    if step == "file":
        return change_file(git.path / name, chance)
    if step in ("command", "release", "configure"):
        arguments = {
            "command": chance.choice(_COMMANDS).split(),
            "release": ["checkout", "-q", "-f", chance.choice(git("tag").split())],
            "configure": ["config", *chance.choice(_CONFIGURATIONS)],
        }[step]
        git(*arguments, check=False)
        return " ".join(arguments)
    folder = chance.choice(("", os.path.dirname(name)))
    target, content = {
        "attributes": (os.path.join(folder, ".gitattributes"), lines(_ATTRIBUTES, chance)),
        "ignore": (os.path.join(folder, ".gitignore"), lines(_IGNORE, chance)),
        "submodule": ("vendored/inner/inside", b"%d\n" % chance.randrange(3)),
        "new": (f"{name}.new", chance.randbytes(20)),
    }[step]
    write(git, target, content)
    return f"write {target!r}"


def lines(choices: tuple[str, ...], chance: random.Random) -> bytes:
    return "\n".join(chance.sample(choices, 2)).encode()


def write(git: Git, name: str, content: bytes) -> None:
    path = git.path / name
    if not path.is_dir() and not any(p.is_file() for p in path.parents):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            path.unlink()
        path.write_bytes(content)


def change_file(path: Path, chance: random.Random) -> str:
    """Change one file, unless it is gone or a link."""
    kind = chance.choice(("edit", "edit", "line ends", "delete", "mode", "link", "rename", "touch"))
    if not path.is_file() or path.is_symlink():
        return "nothing"
    content = path.read_bytes()
    at = chance.randrange(len(content) + 1)
    if kind == "edit":
        path.write_bytes(content[:at] + chance.randbytes(1) + content[at + 1 :])
    elif kind == "line ends":
        path.write_bytes(content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    elif kind == "mode":
        path.chmod(path.stat().st_mode ^ 0o111)
    elif kind == "rename":
        path.rename(path.with_name(f"{path.name}.renamed"))
    elif kind == "touch":
        path.touch()
    else:
        path.unlink()
    if kind == "link":
        path.symlink_to(chance.choice(("setup.py", "..", "nowhere")))
    return f"{kind} {path.name!r}"


def assert_identified(git: Git, state: str) -> None:
    found = location_of(git.path)
    fresh = freshness.fresh_version(found)
    with open_repository(found, os.environ) as repository:
        content = read_content(repository)
    assert content.tree == oracle_tree(git.path), state
    head = git("rev-parse", "HEAD^{tree}")
    assert content.head_tree == head, state
    inner = git.path / "vendored" / "inner"
    tracked = git("ls-files", "vendored/inner") != ""
    inner_dirty = (
        tracked and (inner / ".git").exists() and Git(inner)("status", "--porcelain") != ""
    )
    assert content.dirty == (content.tree != head or inner_dirty), state
    assert fresh in (None, content.digest), state
    freshness.save(found, content.observation, content.digest)

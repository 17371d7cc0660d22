"""Every kind of uncommitted edit: how the commit before it looks, and what is changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from support.git import Git


def _nothing(git: Git) -> None:
    return


@dataclass(frozen=True)
class Edit:
    """``prepare`` writes what is committed before ``change`` edits it.

    Each commit also has the files of ``FILES``.
    """

    change: Callable[[Git], object]
    prepare: Callable[[Git], object] = _nothing


FILES = {
    "app.py": "print('hello')\n",
    "data/one.txt": "one\n",
    "data/two.txt": "two\n",
    "lib/deep/module.py": "x = 1\n",
}


def commit_files(git: Git, edit: Edit) -> str:
    """Commit ``FILES`` and what the edit needs; the id of the commit."""
    for name, content in FILES.items():
        git.write(name, content)
    edit.prepare(git)
    return git.commit("before the edit")


def _both(first: Callable[[Git], object], then: Callable[[Git], object]) -> Callable[[Git], None]:
    def run(git: Git) -> None:
        first(git)
        then(git)

    return run


def _write(name: str, content: str | bytes) -> Callable[[Git], object]:
    return lambda git: git.write(name, content)


def _remove(name: str) -> Callable[[Git], object]:
    return lambda git: (git.path / name).unlink()


def _link(name: str, target: str) -> Callable[[Git], object]:
    def link(git: Git) -> None:
        (git.path / name).unlink(missing_ok=True)
        (git.path / name).symlink_to(target)

    return link


def _in_bytes(name: bytes, content: bytes = b"x\n") -> Callable[[Git], object]:
    def write(git: Git) -> None:
        path = os.fsencode(git.path) + b"/" + name
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Path(os.fsdecode(path)).write_bytes(content)

    return write


def _run(*arguments: str) -> Callable[[Git], object]:
    return lambda git: git(*arguments)


def _file_to_directory(git: Git) -> None:
    (git.path / "app.py").unlink()
    git.write("app.py/inner.py", "x\n")
    git.write("app.py/deep/er.py", "y\n")


def _directory_to_file(git: Git) -> None:
    for path in (git.path / "data").iterdir():
        path.unlink()
    (git.path / "data").rmdir()
    git.write("data", "now a file\n")


def _delete_directory(git: Git) -> None:
    git("rm", "-rq", "lib")


def _submodule(git: Git) -> None:
    origin = Git(git.path.parent / "origin-of-module")
    origin.path.mkdir()
    origin("init", "-q", *(("--object-format=sha256",) if _is_sha256(git) else ()))
    origin.commit("first", **{"module.py": "one\n"})
    git("submodule", "add", "-q", str(origin.path), "module")


def _is_sha256(git: Git) -> bool:
    return git("rev-parse", "--show-object-format") == "sha256"


def _move_submodule(git: Git) -> None:
    Git(git.path / "module").commit("second", **{"module.py": "two\n"})


def _conflict(git: Git) -> None:
    git("checkout", "-q", "-b", "other")
    git.commit("theirs", **{"app.py": "theirs\n"})
    git("checkout", "-q", "main")
    git.commit("ours", **{"app.py": "ours\n"})
    git("merge", "-q", "other", check=False)


def _stage_half(git: Git) -> None:
    git.write("app.py", "staged\n")
    git("add", "app.py")
    git.write("app.py", "staged\nand more\n")


def _ignored_but_tracked(git: Git) -> None:
    git.write("tracked.log", "old\n")
    git("add", "-f", "tracked.log")
    git("commit", "-q", "-m", "tracked")
    git.write(".gitignore", "*.log\n")


def _sparse(git: Git) -> None:
    git("sparse-checkout", "set", "--cone", "lib")
    git.write("lib/deep/module.py", "x = 2\n")


def _sparse_index(git: Git) -> None:
    git("sparse-checkout", "set", "--cone", "--sparse-index", "lib")
    git.write("lib/deep/module.py", "x = 2\n")


_CRLF = "one\r\ntwo\r\n"
_ENCODED = "*.txt text working-tree-encoding=UTF-16LE\n"
_POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)

CONTENT = {
    "text": Edit(_write("app.py", "print('changed')\n")),
    "binary": Edit(_write("data/one.txt", bytes(range(256)) * 40)),
    "latin-1": Edit(_write("app.py", "# é ü\n".encode("latin-1"))),
    "utf-16": Edit(_write("app.py", "é\n".encode("utf-16"))),
    "crlf": Edit(_write("app.py", _CRLF)),
    "crlf-as-text": Edit(_write("app.py", _CRLF), _write(".gitattributes", "* text=auto\n")),
    "eol-crlf": Edit(_write("app.py", _CRLF), _write(".gitattributes", "*.py eol=crlf\n")),
    "working-tree-encoding": Edit(
        _write("new.txt", "é\r\n".encode("utf-16-le")),
        _both(
            _write(".gitattributes", _ENCODED),
            _both(_remove("data/one.txt"), _remove("data/two.txt")),
        ),
    ),
    "no-final-newline": Edit(_write("app.py", "print('hello')")),
    "emptied": Edit(_write("app.py", "")),
    "new-empty": Edit(_write("empty", "")),
    "large": Edit(_write("data/one.txt", os.urandom(1 << 20) * 6)),
    "lfs-pointer": Edit(_write("weights.bin", _POINTER), _write(".gitattributes", "*.bin -text\n")),
    "ident": Edit(_write("app.py", "# $Id$\n"), _write(".gitattributes", "*.py ident\n")),
}
PLACE = {
    "mode": Edit(lambda git: (git.path / "app.py").chmod(0o755)),
    "link": Edit(_link("app.py", "data/one.txt")),
    "new-link": Edit(_link("current", "missing target")),
    "link-to-directory": Edit(_link("folder", "data")),
    "link-to-file": Edit(
        _both(_remove("shortcut"), _write("shortcut", "a file\n")), _link("shortcut", "app.py")
    ),
    "rename": Edit(_run("mv", "app.py", "main.py")),
    "move": Edit(lambda git: (git.path / "app.py").rename(git.path / "lib" / "app.py")),
    "delete": Edit(_remove("app.py")),
    "delete-directory": Edit(_delete_directory),
    "file-to-directory": Edit(_file_to_directory),
    "directory-to-file": Edit(_directory_to_file),
    "untracked-directory": Edit(_both(_write("new/a/b/c.py", "c\n"), _write("new/d.py", "d\n"))),
    "many-files": Edit(
        lambda git: [git.write(f"many/{n % 7}/{n}.py", f"n = {n}\n") for n in range(50)]
    ),
    "submodule-moved": Edit(_move_submodule, _submodule),
}
NAMES = {
    "newline": Edit(_in_bytes(b"a\nb.py")),
    "quotes": Edit(_in_bytes(b'it\'s "quoted"\\ \ttab.py')),
    "not-utf-8": Edit(_in_bytes(b"caf\xe9/na\xefve.py")),
    "leading-dash": Edit(_both(_in_bytes(b"-rf"), _in_bytes(b"--/x"))),
    "spaces": Edit(_in_bytes(b" leading and trailing ")),
    "unicode": Edit(_in_bytes("ünïcode/日本.py".encode())),
    "order": Edit(_both(_in_bytes(b"a.b"), _both(_in_bytes(b"a/b"), _in_bytes(b"a0")))),
}
INDEX = {
    "intent-to-add": Edit(_both(_write("new.py", "new\n"), _run("add", "-N", "new.py"))),
    "staged": Edit(_both(_write("new.py", "new\n"), _run("add", "new.py"))),
    "partially-staged": Edit(_stage_half),
    "staged-then-deleted": Edit(
        _both(_both(_write("app.py", "new\n"), _run("add", "app.py")), _remove("app.py"))
    ),
    "removed-from-index": Edit(
        _both(_run("rm", "-q", "--cached", "app.py"), _write("app.py", "changed\n"))
    ),
    "conflicted": Edit(_conflict),
    "ignored-but-tracked": Edit(_write("tracked.log", "new\n"), _ignored_but_tracked),
    "sparse": Edit(_sparse),
    "sparse-index": Edit(_sparse_index),
    "split-index": Edit(
        _both(_run("update-index", "--split-index"), _write("app.py", "changed\n"))
    ),
}
EDITS = {**CONTENT, **PLACE, **NAMES, **INDEX}

"""Restore the exact code of a version, model or trace, uncommitted edits included.

Creates a worktree beside the repository (or in DIR) and checks that it has the requested version.
WHAT is anything that `gitver show` accepts. Never overwrites a file.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys

from gitver_hooks.commands.app_option import add_app_option, app_folder
from gitver_hooks.commands.log import add_deadline
from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.printing import say, show
from gitver_hooks.history.source import Source, open_source
from gitver_hooks.history.walk import read_commit
from gitver_hooks.registry.own_process import prepare_own_process
from gitver_hooks.restoring import export
from gitver_hooks.restoring.checkout import (
    check_out,
    default_folder,
    is_sparse,
)
from gitver_hooks.restoring.code import Code, find_code
from gitver_hooks.restoring.missing_commit import how_to_get
from gitver_hooks.restoring.submodules import has_submodules, restore_submodules
from gitver_hooks.restoring.verification import verify
from gitver_hooks.restoring.wanted import find_wanted

NOT_EXACT = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="WHAT", help="a version, model or trace")
    parser.add_argument(
        "directory", metavar="DIR", nargs="?", help="a new folder (default: beside the repository)"
    )
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--patch", action="store_true", help="print a patch against the commit instead"
    )
    instead.add_argument("--show", metavar="PATH", help="print one file instead")
    instead.add_argument("--archive", metavar="FILE", help="write a new tar file instead")
    add_deadline(parser)
    add_app_option(parser)


def run(arguments: argparse.Namespace) -> int:
    prepare_own_process(arguments.deadline)
    only_exported = arguments.patch or arguments.show is not None or arguments.archive is not None
    if only_exported and arguments.directory is not None:
        raise GitverError(
            "DIR cannot be combined with --patch, --show or --archive", "leave it out"
        )
    with open_source(app_folder(arguments), arguments.environment, arguments.deadline) as source:
        code = find_code(source, find_wanted(source, arguments.name))
        if arguments.patch:
            return _print_patch(source, code)
        if arguments.show is not None:
            return _print_file(source, code, arguments.show, arguments.folder)
        if arguments.archive is not None:
            return _write_archive(source, code, arguments.archive)
        return _restore(source, code, arguments.directory)


def _restore(source: Source, code: Code, directory: str | None) -> int:
    repository = source.repository
    folder = os.path.abspath(directory or default_folder(repository, code.version))
    check_out(repository, code, folder)
    problems = restore_submodules(repository, code, folder)
    verified = verify(folder, code, source.environment)
    show(f"restored   {code.version}")
    show(f"to         {folder}")
    show(f"from       {code.origin}")
    if verified.version is not None:
        show(f"version    {verified.version}, computed from the new worktree")
    # If the version is right, so are its submodules.
    problems = [*problems, *verified.problems] if verified.problems else []
    for problem in problems:
        show(f"NOT EXACT  {problem}")
    _show_hints(source, code, folder)
    return NOT_EXACT if problems else 0


def _show_hints(source: Source, code: Code, folder: str) -> None:
    """Show what the user may want to do next."""
    if code.missing_commit:
        show(f"commit     {how_to_get(source, code.missing_commit)}")
    if has_submodules(source.repository, code.tree):
        show("submodules run `git submodule update --init` there to check them out")
    if is_sparse(source.repository):
        show("sparse     like this worktree; run `git sparse-checkout disable` there for all files")
    show(f"remove it  git worktree remove --force {shlex.quote(folder)}")


def _print_patch(source: Source, code: Code) -> int:
    if code.missing_commit:
        raise GitverError(
            f"the commit {code.missing_commit} is not in this clone, so there is nothing to "
            "compare with",
            how_to_get(source, code.missing_commit),
        )
    _write(export.patch(source.repository, code.commit, code.tree))
    return _say_lacks(code)


def _print_file(source: Source, code: Code, path: str, folder: str) -> int:
    name = _name_in_tree(source, path, folder)
    for lack in code.lacks:
        if lack.path == os.fsencode(name):
            raise GitverError(lack.text, "run this in the clone where the version was recorded")
    content = export.file_content(source.repository, code.tree, name)
    if content is None:
        raise GitverError(f"{path} does not exist in {code.version}", "name another file")
    _write(content)
    return 0


def _write_archive(source: Source, code: Code, path: str) -> int:
    time = read_commit(source.repository, code.commit).committed if code.commit else 0
    export.write_archive(source.repository, code.tree, path, time)
    return _say_lacks(code)


def _say_lacks(code: Code) -> int:
    """Say on standard error what the code lacks."""
    for lack in code.lacks:
        say(lack.text)
    return NOT_EXACT if code.lacks else 0


def _name_in_tree(source: Source, path: str, folder: str) -> str:
    """The path from the root, as in `git show`: ./ and ../ start in the current folder."""
    if path.startswith(("./", "../")):
        root = source.repository.location.worktree
        path = os.path.relpath(os.path.join(folder, path), root)
    name = os.path.normpath(path)
    if os.path.isabs(name) or name.split(os.sep)[0] in ("..", "."):
        raise GitverError(f"{path} is not inside the repository", "give a path from its root")
    return name


def _write(content: bytes) -> None:
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()

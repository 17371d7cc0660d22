"""Compare the code of two versions, uncommitted edits included, with git's own diff.

A and B are anything that `gitver show` accepts; without B, A is compared with the worktree as it is
now. Options that follow, such as --stat or --word-diff, go to git as they are.
"""

from __future__ import annotations

import argparse
import subprocess

from gitver_hooks.commands.app_option import add_app_option, app_folder
from gitver_hooks.commands.log import add_deadline
from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.printing import say
from gitver_hooks.history.resolve import WORKTREE
from gitver_hooks.history.source import Source, open_source
from gitver_hooks.registry.own_process import prepare_own_process
from gitver_hooks.repository.git_command import GitCommand, git_in, no_git
from gitver_hooks.restoring.code import find_code
from gitver_hooks.restoring.wanted import find_wanted
from gitver_hooks.restoring.worktree_index import copied_index


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "%(prog)s [--app APP] [--deadline SECONDS] A [B] [OPTIONS OF GIT] [-- PATHS]"
    # One argument for all words: argparse would drop a `--` between two.
    parser.add_argument(
        "words",
        metavar="A B",
        nargs=argparse.REMAINDER,
        help="two versions (B: the worktree by default), then what git diff takes",
    )
    add_deadline(parser)
    add_app_option(parser)


def run(arguments: argparse.Namespace) -> int:
    prepare_own_process(arguments.deadline)
    a, b, options = split(arguments.words)
    with open_source(app_folder(arguments), arguments.environment, arguments.deadline) as source:
        trees = [_tree(source, a)]
        if b != WORKTREE:
            trees.append(_tree(source, b))
            return _diff(git_in(source.repository), arguments.folder, [*trees, *options])
        untracked = source.settings.untracked == "include"
        with copied_index(source.repository, untracked=untracked) as git:
            return _diff(git, arguments.folder, [*trees, *options])


def split(words: list[str]) -> tuple[str, str, list[str]]:
    """A, B (default: the worktree), and what is left for git. Raises GitverError without A."""
    if not words or words[0].startswith("-"):
        raise GitverError("no version was given", "write `gitver diff A` or `gitver diff A B`")
    a, *options = words
    b = WORKTREE
    if options and not options[0].startswith("-"):
        b, *options = options
    if options[:1] == ["--"] and options[1:2] and options[1].startswith("-"):
        # `gitver diff A B -- --stat`, as for `gitver run`.
        options = options[1:]
    return a, b, options


def _tree(source: Source, name: str) -> str:
    """The id of the tree of a version. Prints what it lacks on standard error."""
    code = find_code(source, find_wanted(source, name))
    for lack in code.lacks:
        say(f"{name}: {lack.text}")
    return code.tree


def _diff(git: GitCommand, folder: str, arguments: list[str]) -> int:
    """Run `git diff` on the user's terminal, with its pager; its exit status."""
    try:
        completed = subprocess.run(
            git.arguments("diff", *arguments), cwd=folder, env=git.variables(), check=False
        )
    except OSError as error:
        raise no_git(error) from error
    # A pager that was left early ends git by a signal, as it should.
    return max(0, completed.returncode)

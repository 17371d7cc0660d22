"""Compare the code of two versions, uncommitted edits included, with git's own diff.

gitver diff A [B] [OPTIONS OF GIT DIFF] [-- PATHS]

A and B are anything that `gitver show` accepts; without B, A is compared with the worktree as it is
now. Options such as --stat or --word-diff go to git as they are.
"""

from __future__ import annotations

import argparse
import subprocess

from gitver_hooks.common.printing import say
from gitver_hooks.history.assemble import DEFAULT_DEADLINE
from gitver_hooks.history.resolve import WORKTREE
from gitver_hooks.history.source import Source, open_source
from gitver_hooks.registry.own_process import prepare_own_process
from gitver_hooks.repository.git_command import GitCommand, git_in, no_git
from gitver_hooks.restoring.code import describe_cut, find_code
from gitver_hooks.restoring.wanted import find_wanted
from gitver_hooks.restoring.worktree_index import index_with_untracked


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("a", metavar="A", help="a version, model or trace")
    parser.add_argument(
        "rest",
        metavar="B, OPTIONS, PATHS",
        nargs=argparse.REMAINDER,
        help="another version (default: the worktree), and what git diff takes",
    )


def run(arguments: argparse.Namespace) -> int:
    prepare_own_process(DEFAULT_DEADLINE)
    b, options = split(arguments.rest)
    with open_source(arguments.folder, arguments.environment, DEFAULT_DEADLINE) as source:
        trees = [_tree(source, arguments.a)]
        if b != WORKTREE:
            trees.append(_tree(source, b))
            return _diff(git_in(source.repository), arguments.folder, [*trees, *options])
        untracked = source.settings.untracked == "include"
        with index_with_untracked(source.repository, untracked=untracked) as git:
            return _diff(git, arguments.folder, [*trees, *options])


def split(words: list[str]) -> tuple[str, list[str]]:
    """B (default: the worktree), and what is left for git."""
    b, options = WORKTREE, words
    if words and not words[0].startswith("-"):
        b, options = words[0], words[1:]
    if options[:1] == ["--"] and options[1:2] and options[1].startswith("-"):
        # `gitver diff A B -- --stat`, as for `gitver run`.
        options = options[1:]
    return b, options


def _tree(source: Source, what: str) -> str:
    """The id of the tree of a version; what it lacks is said on standard error."""
    code = find_code(source, find_wanted(source, what))
    for cut in code.cuts:
        say(f"{what}: {describe_cut(cut)}")
    return code.tree


def _diff(git: GitCommand, folder: str, arguments: list[str]) -> int:
    """Run `git diff` on the user's terminal, with its pager; its exit status."""
    try:
        done = subprocess.run(
            git.arguments("diff", *arguments), cwd=folder, env=git.variables(), check=False
        )
    except OSError as error:
        raise no_git(error) from error
    # A pager that was left early ends git by a signal, as it should.
    return max(0, done.returncode)

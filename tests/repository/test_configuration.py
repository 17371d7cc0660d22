"""The git configuration: what git accepts never matters to a reader, and precedence is git's."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git

from gitver_hooks.common.errors import GitverError
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.version.identify import identify

# Spellings that git accepts, and that dulwich rejects while it opens a repository.
ACCEPTED_BY_GIT = (
    ("pack.windowMemory", "256m"),
    ("pack.deltaCacheSize", "1g"),
    ("pack.depth", "1k"),
    ("pack.threads", "0x4"),
    ("pack.bigFileThreshold", "1m"),
    ("pack.writeBitmaps", "yes"),
    ("pack.writeBitmapHashCache", "on"),
    ("repack.writeBitmaps", "1"),
    ("core.bigFileThreshold", "512m"),
    ("core.packedGitLimit", "1g"),
    ("core.deltaBaseCacheLimit", "96m"),
    ("core.fsyncObjectFiles", "yes"),
    ("core.multiPackIndex", "1"),
    ("core.commitGraph", "no"),
    ("core.bare", "no"),
    ("core.sharedRepository", "yes"),
    ("extensions.preciousObjects", "true"),
    ("extensions.partialClone", "origin"),
)


@pytest.mark.parametrize(("name", "value"), ACCEPTED_BY_GIT)
def test_configuration_that_git_accepts_does_not_matter(git: Git, name: str, value: str) -> None:
    git("config", name, value)
    git("status")
    assert identify(git.path).id == git("rev-parse", "HEAD")


def test_configuration_that_git_accepts_in_a_submodule_does_not_matter(
    make_git: Callable[..., Git],
) -> None:
    inner, git = make_git("inner"), make_git("outer")
    inner.commit(inside="1\n")
    git("submodule", "add", "-q", str(inner.path), "module")
    commit = git.commit()
    module = Git(git.path / "module")
    for name, value in ACCEPTED_BY_GIT:
        module("config", name, value)
    git("status")
    assert identify(git.path).id == commit
    assert identify(module.path).id == module("rev-parse", "HEAD")


def test_extensions_of_a_new_format_that_only_concern_writers_are_accepted(git: Git) -> None:
    git("config", "core.repositoryFormatVersion", "1")
    git("config", "extensions.noop", "true")
    git("config", "extensions.partialClone", "origin")
    git("config", "extensions.objectFormat", "sha1")
    assert identify(git.path).id == git("rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("name", "value"),
    [("core.repositoryFormatVersion", "2"), ("extensions.fromTheFuture", "true")],
)
def test_a_format_that_git_refuses_is_an_error(git: Git, name: str, value: str) -> None:
    git("config", "core.repositoryFormatVersion", "1")
    git("config", name, value)
    with pytest.raises(GitverError, match="cannot be opened"):
        identify(git.path)


def ignores_modes(git: Git) -> bool:
    with open_repository(git.path, os.environ) as repository:
        return not repository.configuration.flag((b"core",), b"fileMode", True)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("gitdir:{folder}/", True),
        ("gitdir:{git_dir}", True),
        ("gitdir:{folder}/elsewhere/", False),
        ("gitdir:app/.git", True),
        ("gitdir:a*/", True),
        ("gitdir:b*/", False),
        ("gitdir:APP/", False),
        ("gitdir/i:APP/", True),
        ("gitdir:./../", False),
        ("onbranch:main", True),
        ("onbranch:ma*", True),
        ("onbranch:other", False),
        ("unknown:main", False),
    ],
)
def test_conditional_includes_are_decided_as_git_decides_them(
    git: Git, condition: str, holds: bool
) -> None:
    git("config", "--unset", "core.fileMode")
    more = git.write("../more", "[core]\n\tfileMode = false\n")
    condition = condition.format(folder=git.path, git_dir=git.path / ".git")
    git("config", f"includeIf.{condition}.path", str(more))
    assert (git("config", "core.fileMode", check=False) == "false") == holds
    assert ignores_modes(git) == holds


def test_a_file_that_cannot_be_parsed_is_an_error_that_names_it(git: Git, isolated: Path) -> None:
    (isolated / ".gitconfig").write_text("no section = 1\n")
    with pytest.raises(GitverError, match=r"\.gitconfig cannot be read"):
        identify(git.path)

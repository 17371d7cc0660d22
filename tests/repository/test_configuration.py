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


def value_of(git: Git, name: str) -> str:
    with open_repository(git.path, os.environ) as repository:
        value = repository.configuration.text((b"demo",), name.encode())
    return "" if value is None else value.decode()


def test_the_strongest_file_wins_as_in_git(
    git: Git, isolated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GIT_CONFIG_NOSYSTEM", raising=False)
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(tmp_path / "system"))
    git("config", "extensions.worktreeConfig", "true")
    files = [
        git.path / ".git" / "config.worktree",
        git.path / ".git" / "config",
        isolated / ".gitconfig",
        isolated / ".config" / "git" / "config",
        tmp_path / "system",
    ]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as text:
            text.write(f"[demo]\n\tkey = {file.name} in {file.parent.name}\n")
    for file in files:
        assert value_of(git, "key") == git("config", "demo.key") != ""
        file.write_text(file.read_text().replace("key =", "other ="))
    assert value_of(git, "key") == ""


def test_what_is_included_counts_where_it_is_included(git: Git) -> None:
    git.write(".git/more", "[demo]\n\tfirst = more\n\tsecond = more\n[include]\n\tpath = gone\n")
    with (git.path / ".git" / "config").open("a") as file:
        file.write("[demo]\nfirst = own\n[include]\npath = more\n[demo]\nsecond = own\n")
    for name in ("first", "second"):
        assert value_of(git, name) == git("config", f"demo.{name}")
    assert (value_of(git, "first"), value_of(git, "second")) == ("more", "own")


def test_a_file_that_includes_itself_is_an_error(git: Git) -> None:
    git("config", "include.path", "config")
    with pytest.raises(GitverError, match="included too deeply"):
        identify(git.path)


@pytest.mark.parametrize(
    ("pattern", "holds"), [("https://example.com/**", True), ("https://other.example/**", False)]
)
def test_an_include_may_depend_on_a_remote(
    git: Git, isolated: Path, pattern: str, holds: bool
) -> None:
    git("remote", "add", "upstream", "https://example.com/team/app.git")
    more = git.write("../more", "[demo]\n\tkey = included\n")
    with (isolated / ".gitconfig").open("a") as file:
        file.write(f'[includeIf "hasconfig:remote.*.url:{pattern}"]\n\tpath = {more}\n')
    assert (git("config", "demo.key", check=False) == "included") == holds
    assert (value_of(git, "key") == "included") == holds

"""Git's protected configuration, compared with what git itself reads."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from gitver_hooks.gitfiles.protected_config import config_files, expand_user, protected_values

FILES = [
    "[safe]\n\tdirectory = /a\n\tdirectory = /b\n",
    "[SAFE]\nDirectory=/a # comment\n  directory = /b ; comment\n",
    '[safe] directory = "/with # hash" "  "\n[other]\ndirectory = /no\n',
    '[safe]\ndirectory = "a\\"b\\\\c\\td"\n',
    "[safe]\ndirectory = a\\\n  b\n",
    "[safe]\ndirectory = a \\\n\n",
    '[safe]\ndirectory = a ""  # comment\n',
    '[safe]\ndirectory = a "  b  " c  ; comment\n',
    "[safe]\ndirectory\n",
    "[safe]\ndirectory =\n",
    '[safe]\ndirectory = ""\n',
    "[safe]\r\n\tdirectory = /a  \r\n",
    '[safe "sub]section"]\ndirectory = /no\n[safe]\ndirectory = /a\n',
    '[remote "a\\"]b"]\nurl = x\n[safe]\ndirectory = /a\n',
    "\ufeff[safe]\ndirectory = /a\n",
    "# [safe]\n; directory = x\n[safe] ; comment\ndirectory = a  b\t\n",
    "[include]\npath = other\n[safe]\ndirectory = /last\n",
    "[include]\npath = ~/other\n",
    '[includeIf "gitdir:/"]\npath = other\n',
    "[safe]\ndirectory = /a",
]


def values(environment: dict[str, str]) -> list[str]:
    return [value or "" for value in protected_values("safe", "directory", environment)]


def git_says(home: Path, **environment: str) -> list[str]:
    done = subprocess.run(
        ["git", "config", "--null", "--includes", "--get-all", "safe.directory"],
        cwd="/",
        env={**os.environ, "HOME": str(home), **environment},
        capture_output=True,
        text=True,
    )
    assert not done.stderr, done.stderr
    return done.stdout.split("\0")[:-1]


@pytest.mark.parametrize("text", FILES)
def test_a_file_is_read_as_git_reads_it(tmp_path: Path, text: str) -> None:
    (tmp_path / ".gitconfig").write_bytes(text.encode())
    (tmp_path / "other").write_text("[safe]\ndirectory = /included\n")
    assert values({**os.environ, "HOME": str(tmp_path)}) == git_says(tmp_path)


def test_the_files_and_their_order_are_those_of_git(tmp_path: Path) -> None:
    for name in ("system", "xdg/git/config", ".config/git/config", ".gitconfig", "named"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"[safe]\ndirectory = /{name}\n")
    added = {"GIT_CONFIG_NOSYSTEM": "no", "GIT_CONFIG_SYSTEM": str(tmp_path / "system")}
    for more in (
        {},
        {"XDG_CONFIG_HOME": str(tmp_path / "xdg")},
        {"GIT_CONFIG_GLOBAL": str(tmp_path / "named")},
        {"GIT_CONFIG_NOSYSTEM": "1"},
        {
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "/count",
            "GIT_CONFIG_KEY_1": "other.directory",
            "GIT_CONFIG_VALUE_1": "/no",
            "GIT_CONFIG_PARAMETERS": "'Safe.Directory'='/it'\\''s = here' 'safe.directory='",
        },
    ):
        environment = {**os.environ, "HOME": str(tmp_path), **added, **more}
        assert values(environment) == git_says(tmp_path, **(added | more)), more


def test_without_a_home_git_reads_no_file_of_the_user(tmp_path: Path) -> None:
    system = {"GIT_CONFIG_SYSTEM": str(tmp_path / "system")}
    assert list(config_files(system)) == [str(tmp_path / "system")]
    with_xdg = {**system, "XDG_CONFIG_HOME": str(tmp_path)}
    assert list(config_files(with_xdg))[1:] == [str(tmp_path / "git/config")]


def test_a_file_that_includes_itself_ends(tmp_path: Path) -> None:
    (tmp_path / ".gitconfig").write_text("[safe]\ndirectory = /a\n[include]\npath = .gitconfig\n")
    assert set(values({"HOME": str(tmp_path)})) == {"/a"}


@pytest.mark.parametrize(
    "text", ["[safe\ndirectory = *\n", "[safe]\n=*\n", '[safe]\ndirectory = "*\n']
)
def test_lines_after_one_that_git_refuses_are_ignored(tmp_path: Path, text: str) -> None:
    (tmp_path / ".gitconfig").write_text(f"{text}[safe]\ndirectory = *\n")
    assert values({"HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}) == []


@pytest.mark.parametrize(
    "variables",
    [
        {"GIT_CONFIG_COUNT": "\u00b2"},
        {"GIT_CONFIG_COUNT": "many"},
        {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_VALUE_0": "*"},
        {"GIT_CONFIG_PARAMETERS": "'safe.directory=*"},
    ],
)
def test_variables_that_git_refuses_allow_nothing(variables: dict[str, str]) -> None:
    assert values({"GIT_CONFIG_NOSYSTEM": "1", **variables}) == []


def test_an_include_without_a_path_includes_nothing(tmp_path: Path) -> None:
    (tmp_path / ".gitconfig").write_text("[include]\npath\n[safe]\ndirectory = /a\n")
    assert values({"HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}) == ["/a"]


def test_a_tilde_is_the_home(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path)}
    assert expand_user("~/a", environment) == f"{tmp_path}/a"
    assert expand_user("~", environment) == str(tmp_path)
    assert expand_user("~/a", {}) == os.path.expanduser("~/a")
    assert expand_user("/a/~", environment) == "/a/~"
    assert expand_user("~root/a", environment) == os.path.expanduser("~root/a")

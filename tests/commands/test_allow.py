"""``gitver allow``: what it shows, whom it asks, and where it stores the answer."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from support.git import Git

ASKED = "tracking_uri: https://ada:s3cret@mlflow.example.com/x\nwait: 3\napp: shop\n"


def gitver(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gitver_hooks", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


def on_terminal(folder: Path, answer: str, *arguments: str) -> str:
    """What ``gitver ARGUMENTS`` prints on a terminal on which somebody types ``answer``."""
    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())
    with subprocess.Popen(
        [sys.executable, "-m", "gitver_hooks", *arguments],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        printed = b""
        while True:
            try:
                printed += os.read(ours, 4096)
            except OSError:
                break
    os.close(ours)
    return printed.decode().replace("\r\n", "\n")


def allowed(git: Git) -> list[str]:
    return git("config", "--local", "--get-all", "gitver.allowed", check=False).splitlines()


def test_it_shows_each_value_and_where_it_leads_without_credentials(git: Git) -> None:
    git.write(".gitver.yaml", ASKED)
    done = gitver(git.path, "allow", "--yes")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f".gitver.yaml in {git.path} asks for:"
    assert "  tracking_uri: https://mlflow.example.com/x" in lines
    assert any("traces go to mlflow.example.com, with MLflow's credentials" in x for x in lines)
    assert "  wait: 3" in lines
    assert "s3cret" not in done.stdout
    assert "app" not in [line.strip().partition(":")[0] for line in lines]
    assert allowed(git) == ["tracking_uri=https://ada:s3cret@mlflow.example.com/x", "wait=3"]


def test_a_relative_store_leads_to_its_file(git: Git) -> None:
    git.write(".gitver.yaml", "tracking_uri: sqlite:///data/mlflow.db\n")
    printed = gitver(git.path, "allow", "--yes").stdout
    assert f"the file {git.path}/data/mlflow.db on this machine" in printed


def test_without_a_terminal_nothing_is_allowed_unless_asked_to(git: Git) -> None:
    git.write(".gitver.yaml", ASKED)
    done = gitver(git.path, "allow")
    assert done.returncode == 1
    assert "`gitver allow --yes`" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert allowed(git) == []


@pytest.mark.parametrize(("answer", "is_allowed"), [("y\n", True), ("\n", False), ("no\n", False)])
def test_on_a_terminal_it_asks(git: Git, answer: str, is_allowed: bool) -> None:
    git.write(".gitver.yaml", "wait: 3\n")
    printed = on_terminal(git.path, answer, "allow")
    assert "Allow this? [y/N]" in printed
    assert allowed(git) == (["wait=3"] if is_allowed else [])
    if is_allowed:
        assert "Allow" not in on_terminal(git.path, "", "allow")


def test_the_approval_applies_to_all_worktrees_and_is_in_no_file_of_the_tree(git: Git) -> None:
    git.commit("settings", **{".gitver.yaml": "wait: 3\n"})
    git("worktree", "add", "-q", "../linked")
    linked = git.path.parent / "linked"
    assert gitver(linked, "allow", "--yes").returncode == 0
    assert allowed(git) == ["wait=3"]
    assert git("status", "--porcelain") == ""
    for folder in (git.path, linked):
        done = gitver(folder, "allow")
        assert (done.returncode, "needs your consent" in done.stdout) == (0, True)


def test_a_wrong_settings_file_is_an_error(git: Git) -> None:
    git.write(".gitver.yaml", "wiat: 3\n")
    done = gitver(git.path, "allow", "--yes")
    assert done.returncode == 1
    assert "did you mean wait?" in done.stderr


def test_the_configuration_keeps_its_layout(git: Git) -> None:
    config = git.path / ".git" / "config"
    config.write_text(config.read_text() + "# a comment\n[user]\n  name = Ada\n")
    before = config.read_text()
    git.write(".gitver.yaml", "wait: 3\n")
    gitver(git.path, "allow", "--yes")
    assert config.read_text().startswith(before)


def test_install_asks_on_a_terminal_and_takes_no_for_an_answer(git: Git) -> None:
    git.write(".gitver.yaml", "wait: 3\n")
    printed = on_terminal(git.path, "n\n", "install")
    assert "wait: 3" in printed
    assert "Allow this? [y/N]" in printed
    assert "post-commit" in printed
    assert allowed(git) == []


def test_install_without_a_terminal_allows_only_with_the_option(git: Git) -> None:
    git.write(".gitver.yaml", "wait: 0\n")
    done = gitver(git.path, "install")
    assert "which is not allowed in this clone" in done.stderr
    assert (git.path / ".git" / "hooks" / "post-commit").exists()
    assert allowed(git) == []
    assert gitver(git.path, "install", "--allow").returncode == 0
    assert allowed(git) == ["wait=0"]

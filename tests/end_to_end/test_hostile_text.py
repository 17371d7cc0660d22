"""Names and subjects that a stranger chose reach neither the terminal nor the log unescaped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.git import Git
from support.locations import location_of

import gitver_hooks
from gitver_hooks.commands.hook import run_hook
from gitver_hooks.handover.notices import leave_notice

BRANCH = "fix\u202egnp\u2066\u200b"
TITLE = "\x1b]0;owned\x07"
FAKED = "x\n2025-01-01T00:00:00+0000 [1] gitver 1.0: all is well"


def gitver(git: Git, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "gitver_hooks", *arguments], cwd=git.path, capture_output=True
    )


def is_safe(output: bytes) -> bool:
    return all(line.isprintable() for line in output.decode().split("\n"))


def log_of(git: Git) -> str:
    return Path(git.path, ".git", "gitver", "log").read_text()


def test_the_name_of_a_branch_is_escaped(git: Git) -> None:
    git("switch", "-q", "-c", BRANCH)
    git.commit(f"subject {TITLE}")
    done = gitver(git, "status")
    assert b"fix\\u202egnp\\u2066\\u200b" in done.stdout
    assert is_safe(done.stdout)
    assert is_safe(done.stderr)
    as_json = gitver(git, "status", "--json")
    assert is_safe(as_json.stdout)
    assert json.loads(as_json.stdout)["version"]["branch"] == BRANCH


@pytest.mark.parametrize("value", [TITLE, FAKED, "\u202e", "\x9b2J"])
@pytest.mark.parametrize("setting", ["a key", "a file name"])
def test_settings_from_the_tree_are_escaped_in_messages_and_the_log(
    git: Git, setting: str, value: str
) -> None:
    settings = {value: 1} if setting == "a key" else {"params_files": [f"{value}.yaml"]}
    # JSON is YAML.
    git.write(".gitver.yaml", json.dumps(settings))
    done = gitver(git, "hook", "post-commit")
    assert done.returncode == 0
    assert done.stdout == b""
    assert done.stderr.count(b"\n") == 1
    assert is_safe(done.stderr)
    (entry,) = log_of(git).splitlines()
    assert entry.isprintable()
    assert "Traceback" not in entry


def test_no_message_contains_a_password_of_the_environment(
    git: Git, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "pass-word")
    monkeypatch.chdir(git.path)
    git.write(".gitver.yaml", "pass-word: 1\n")
    run_hook("post-commit", [], os.environ)
    assert gitver_hooks.activate(git.path) is None
    run_hook("pre-commit", [], os.environ)
    printed = capsys.readouterr().err
    assert printed.count("***") == 2
    kept = [path for path in (git.path / ".git/gitver").rglob("*") if path.is_file()]
    assert any(path.name == "notice" for path in kept)
    assert "pass-word" not in printed + "".join(path.read_text("latin-1") for path in kept)


def test_a_hook_prints_one_line_even_if_something_went_wrong_in_the_background(
    git: Git, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(git.path)
    git.write(".gitver.yaml", "unknown: 1\n")
    leave_notice(location_of(git.path), "the server is down")
    for expected in ("unknown", "the server is down"):
        run_hook("post-commit", [], os.environ)
        (line,) = capsys.readouterr().err.splitlines()
        assert expected in line
        git.write(".gitver.yaml", "")
        monkeypatch.setenv("GITVER_TRACKING_URI", "http://127.0.0.1:9")
        monkeypatch.setattr(
            "gitver_hooks.handover.launch.start_deliverer", lambda *arguments, **options: None
        )

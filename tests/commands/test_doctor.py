"""``gitver doctor``: one line for each check, and what to do about what is wrong."""

from __future__ import annotations

import json
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.stores import App


def all_findings(app: App) -> list[tuple[str, str, str]]:
    """The topic, the level and the message of each finding, as ``doctor`` orders them."""
    output = app.gitver("doctor", "--json").stdout
    return [(item["topic"], item["level"], item["message"]) for item in json.loads(output)]


def findings(app: App) -> dict[str, tuple[str, str]]:
    """The level and the message of the last finding about each topic."""
    return {topic: (level, message) for topic, level, message in all_findings(app)}


def test_a_sound_installation_has_no_problem(app: App) -> None:
    app.commit("first")
    assert app.gitver("model").returncode == 0
    result = app.gitver("doctor")
    assert (result.returncode, result.stderr) == (0, "")
    found = findings(app)
    assert {topic for topic, (level, _) in found.items() if level != "ok"} <= {"python"}
    assert [line[9:22].strip() for line in result.stdout.splitlines()] == list(found)


def test_each_problem_is_reported_with_a_remedy(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = app.path / ".git/hooks/post-commit"
    hook.chmod(0o644)
    app.write(".gitver.yaml", "params_files: [missing.yaml]\n")
    result = app.gitver("doctor")
    assert result.returncode == 1
    assert "not executable, so git skips them: post-commit" in result.stdout
    assert "missing.yaml" in result.stdout
    lines = result.stdout.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        assert not line.startswith(("problem", "warning")) or following.strip().startswith("-> ")

    (app.path / ".gitver.yaml").unlink()
    hook.chmod(0o755)
    hook.write_text(hook.read_text().replace("\npython=/", "\npython=/gone/"))
    interpreters = [found[1:] for found in all_findings(app) if found[0] == "interpreter"]
    assert sorted(level for level, _ in interpreters) == ["ok", "problem"]
    for level, message in interpreters:
        assert message.startswith("the hooks start /gone/") == (level == "problem")

    app.gitver("uninstall")
    assert findings(app)["hooks"][0] == "problem"

    monkeypatch.setenv("GITVER_DISABLE", "1")
    assert findings(app)["environment"][0] == "warning"


def test_a_store_with_another_schema_is_reported_and_left_alone(app: App) -> None:
    with closing(sqlite3.connect(app.store)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'unknown'")
    before = app.store.read_bytes()
    level, message = findings(app)["store"]
    assert level == "problem"
    assert "schema" in message
    assert app.store.read_bytes() == before


def test_a_missing_store_is_not_created(app: App) -> None:
    app.store.unlink()
    assert findings(app)["store"][0] == "warning"
    assert not app.store.exists()


@pytest.mark.parametrize("listening", [True, False])
def test_a_server_that_hangs_or_is_down_is_reported_within_the_wait(
    app: App, listening: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if listening:
            server.listen()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setenv("GITVER_WAIT", "2")
        assert findings(app)["store"][0] == "problem"


def test_every_wrong_setting_is_reported(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.write(".gitver.yaml", "wiat: 3\nrecheck: 5\nparams_files: [missing.yaml]\n")
    monkeypatch.setenv("GITVER_COLOUR", "red")
    output = app.gitver("doctor", "--json").stdout
    messages = [item["message"] for item in json.loads(output) if item["topic"] == "settings"]
    for part in ("wiat", "missing.yaml", "GITVER_COLOUR", "not allowed"):
        assert sum(part in message for message in messages) == 1, part


def test_being_outside_of_a_worktree_is_a_problem(tmp_path: Path, app: App) -> None:
    result = app.gitver("doctor", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (1, "")
    assert f"problem  repository    {tmp_path} is not inside a git worktree" in result.stdout

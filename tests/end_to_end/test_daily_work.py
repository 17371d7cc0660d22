"""Daily work in a repository whose settings were allowed once: nothing is asked or printed."""

from __future__ import annotations

from support.background import wait_for_background
from support.git import Git
from support.stores import App, models


def test_daily_work_after_install_asks_and_prints_nothing(app: App) -> None:
    app.write(".gitver.yaml", "tracking_uri: sqlite:///mlflow.db\nwait: 120\nrecheck: 3600\n")
    app("add", "-A")
    app("commit", "-q", "-m", "settings", GITVER_DISABLE="1")
    installed = app.gitver("install", "--allow")
    assert (installed.returncode, installed.stderr) == (0, "")

    def work(*arguments: str) -> None:
        completed = app.run(*arguments)
        assert (completed.stdout, completed.stderr) == ("", ""), arguments

    for number in range(2):
        # Other edits of the settings file do not ask again.
        app.write(
            ".gitver.yaml",
            f"app: shop{number}\ntracking_uri: sqlite:///mlflow.db\nwait: 120\nrecheck: 3600\n",
        )
        work("commit", "-q", "-a", "-m", f"edit {number}")
    work("checkout", "-q", "-b", "topic", "HEAD^")
    app.write("prompt.txt", "Be brief.\n")
    work("add", "prompt.txt")
    work("commit", "-q", "-m", "prompt")
    work("commit", "-q", "--amend", "-m", "the prompt")
    work("checkout", "-q", "main")
    work("merge", "-q", "--no-edit", "topic")
    app.write("prompt.txt", "Be very brief.\n")
    # MLflow prints a line of its own when it flushes traces.
    assert "gitver" not in app.run_app().stderr
    work("stash", "-q")
    wait_for_background(app.path)
    status = Git(app.path)("status", "--porcelain")
    assert status == ""
    assert app.gitver("status").returncode == 0
    assert len(models(app.store)) >= 5

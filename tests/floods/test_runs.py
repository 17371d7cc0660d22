"""An app that writes a log on each run, with the shim, git and the embedded store."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from support.commands import Done
from support.stores import App, models

WARNING = ("version", "warning")
_APP = """\
import gitver_hooks.shim

with open("app.log", "a") as log:
    log.write("started\\n")
"""


def check_runs(app: App, gitver: Callable[..., Done], before: int, after: int) -> None:
    """Run the app ``before`` and ``after`` the guard's line is followed."""

    def problems() -> list[str]:
        found: list[str] = json.loads(gitver(app.path, "status", "--json").stdout)["problems"]
        return found

    def warnings() -> list[str]:
        findings = json.loads(gitver(app.path, "doctor", "--json").stdout)
        found = [item for item in findings if (item["topic"], item["level"]) == WARNING]
        return [f"{item['message']}; {item['remedy']}" for item in found]

    app.write("app.py", _APP)
    app.commit("first")
    printed = [app.run_app().stderr for _ in range(before)]
    (line,) = printed[2].splitlines()
    assert [bool(text) for text in printed] == [run == 2 for run in range(before)]
    # Nothing is dropped: each run is a version of its own.
    assert len(models(app.store)) == before
    assert problems() == warnings() == [line.removeprefix("gitver: ")]

    rule = line.split("`")[1]
    app.write(".gitignore", f"__pycache__/\n{rule}\n")
    app.commit("ignore the log")
    assert [app.run_app().stderr for _ in range(after)] == [""] * after
    assert len(models(app.store)) == before + 1
    assert (app.path / "app.log").read_text().count("\n") == before + after
    assert problems() == warnings() == []


@pytest.mark.heavy
def test_the_third_run_says_how_to_stop_the_flood_and_that_stops_it(
    app: App, gitver: Callable[..., Done]
) -> None:
    check_runs(app, gitver, 3, 2)


@pytest.mark.long
def test_five_hundred_runs_are_one_version_once_the_line_is_followed(
    app: App, gitver: Callable[..., Done]
) -> None:
    check_runs(app, gitver, 10, 490)

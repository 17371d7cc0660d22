"""A process that outlives an edit is never linked to code that it has not loaded."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from itertools import product

import pytest
from support.background import wait_until
from support.long_lived import LongLived, write_values
from support.stores import App, versions_of_traces


def settle() -> None:
    """Let the clock of the file system move on, as it does between a person's edits."""
    time.sleep(0.05)


def test_an_edit_between_the_start_and_the_first_activation_is_noticed(
    app: App, start: Callable[[], LongLived]
) -> None:
    process = start()
    process.tell("import", "first")
    settle()
    write_values(app, 1, 0, 0)
    assert process.tell("activate") == (None, {"first": 0})
    (line,) = process.end().splitlines()
    assert line.startswith("gitver: first.py changed after this process loaded it")


def test_an_edit_of_a_loaded_module_ends_the_version_until_it_is_loaded_again(
    app: App, start: Callable[[], LongLived]
) -> None:
    process = start()
    process.tell("import", "first")
    assert process.tell("activate")[0] == app.version
    settle()
    write_values(app, 1, 0, 0)
    settle()
    assert process.tell("activate") == (None, {"first": 0})
    assert process.tell("context")[0] is None
    assert process.tell("activate")[0] is None
    assert process.tell("reload", "first")[1] == {"first": 1}
    assert process.tell("activate")[0] == app.version
    assert process.tell("context")[0] == app.active
    # Said once, although it was checked twice.
    (line,) = process.end().splitlines()
    assert "first.py" in line


def test_a_change_of_data_or_of_a_module_that_is_not_loaded_is_a_new_version(
    app: App, start: Callable[[], LongLived]
) -> None:
    process = start()
    process.tell("import", "first")
    process.tell("activate")
    settle()
    write_values(app, 0, 1, 1)
    assert process.tell("activate")[0] == app.version
    assert process.tell("import", "second")[1] == {"first": 0, "second": 1}
    assert process.tell("activate")[0] == app.version
    assert process.end() == ""


def test_content_that_came_back_is_the_version_it_was_unless_it_was_loaded_meanwhile(
    app: App, start: Callable[[], LongLived]
) -> None:
    process = start()
    process.tell("import", "first")
    process.tell("activate")
    settle()
    write_values(app, 1, 0, 0)
    settle()
    write_values(app, 0, 0, 0)
    settle()
    assert process.tell("activate")[0] == app.version
    settle()
    write_values(app, 1, 0, 0)
    settle()
    assert process.tell("reload", "first")[1] == {"first": 1}
    settle()
    write_values(app, 0, 0, 0)
    assert process.tell("activate") == (None, {"first": 1})


def test_a_reload_that_fails_loads_nothing(app: App, start: Callable[[], LongLived]) -> None:
    process = start()
    process.tell("import", "first")
    process.tell("activate")
    settle()
    app.write("first.py", "VALUE = (\n")
    settle()
    assert process.tell("reload", "first") == ("SyntaxError", {"first": 0})
    assert process.tell("activate")[0] is None


def test_a_module_that_was_rewritten_counts_by_its_content(
    app: App, start: Callable[[], LongLived]
) -> None:
    process = start()
    process.tell("import", "first")
    process.tell("activate")
    for value in (1, 0):
        settle()
        write_values(app, value, 0, value)
    write_values(app, 0, 0, 1)
    settle()
    # The module is as it was, the data are not.
    assert process.tell("activate")[0] == app.version
    settle()
    write_values(app, 1, 0, 1)
    settle()
    assert process.tell("activate") == (None, {"first": 0})


def test_a_module_that_was_loaded_from_outdated_bytecode_is_noticed(
    app: App, start: Callable[[], LongLived]
) -> None:
    second = 10**9
    path = app.path / "first.py"
    # Both edits have the same size and are in the same second, with an import in between.
    os.utime(path, ns=(0, 5 * second))
    assert start().tell("import", "first")[1] == {"first": 0}
    settle()
    app.write("first.py", "VALUE = 1\n")
    (cached,) = (app.path / "__pycache__").glob("first.*.pyc")
    os.utime(path, ns=(0, 5 * second + second // 2))
    os.utime(cached, ns=(0, 5 * second + second // 4))
    two = start()
    assert two.tell("import", "first")[1] == {"first": 0}
    assert two.tell("activate") == (None, {"first": 0})
    assert two.tell("reload", "first")[1] == {"first": 1}
    assert two.tell("activate")[0] == app.version


def test_a_name_that_was_imported_before_a_reload_ends_the_version(
    app: App, start: Callable[[], LongLived]
) -> None:
    app.write("third.py", "from first import VALUE as FIRST\n")
    process = start()
    process.tell("import", "third")
    assert process.tell("activate")[0] == app.version
    for value in (1, 2):
        settle()
        write_values(app, value, 0, 0)
        settle()
        process.tell("reload", "first")
        assert process.tell("activate")[0] is None
        settle()
        write_values(app, value, 0, 1)
        process.tell("reload", "third")
        assert process.tell("activate")[0] == app.version
    (line,) = set(process.end().splitlines())
    assert line.startswith("gitver: first.VALUE in third.py is from before a reload")


def test_a_thread_without_a_version_does_not_take_that_of_an_earlier_thread(
    app: App, start: Callable[[], LongLived]
) -> None:
    process = start()
    process.tell("import", "first")
    version = app.version
    process.tell("trace in a thread")
    settle()
    write_values(app, 1, 0, 0)
    settle()
    process.tell("trace in a thread")
    assert versions_of_traces(app.store) == [version, None]


def test_with_the_rule_trust_nothing_is_checked(
    app: App, start: Callable[[], LongLived], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITVER_ON_STALE", "trust")
    process = start()
    process.tell("import", "first")
    before = process.tell("activate")[0]
    settle()
    write_values(app, 1, 0, 0)
    assert process.tell("activate")[0] == before


def test_watch_activates_new_versions_in_all_threads_and_reports_a_mixture(
    app: App, start: Callable[[], LongLived]
) -> None:
    # All versions are known before, so that no check waits for MLflow.
    for values in ((1, 0, 1), (0, 0, 1), (0, 0, 0)):
        write_values(app, *values)
        assert app.gitver("model").returncode == 0
    settle()
    process = start()
    process.tell("import", "first")
    process.tell("watch", "0.1")
    assert process.tell("context")[0] == app.active
    before = app.active
    write_values(app, 0, 0, 1)
    # A check in the middle of a write finds a version of its own.
    wait_until(lambda: process.tell("context")[0] == app.active not in (None, before))
    write_values(app, 1, 0, 1)
    wait_until(lambda: process.tell("context")[0] is None)
    assert "first.py" in process.end()


def walk(app: App, start: Callable[[], LongLived], seed: int, steps: int) -> int:
    """Take random steps; the number of times that a version was active."""
    randomness = random.Random(seed)
    contents = {}
    # All versions are known before, so that no step waits for MLflow.
    for values in product((0, 1), repeat=3):
        write_values(app, *values)
        assert app.gitver("model").returncode == 0
        contents[app.version] = dict(zip(("first", "second", "data"), values, strict=True))
    process, current, active = start(), [1, 1, 1], 0
    for _ in range(steps):
        settle()
        step = randomness.choice(["edit", "edit", "import", "reload", "activate", "restart"])
        if step == "edit":
            current[randomness.randrange(3)] ^= 1
            write_values(app, *current)
        elif step == "restart" and randomness.random() < 0.5:
            process.end()
            process = start()
        elif step in ("import", "reload"):
            process.tell(step, randomness.choice(["first", "second"]))
        version, loaded = process.tell("activate")
        if version is not None:
            active += 1
            assert contents[version]["data"] == current[2]
            assert loaded.items() <= contents[version].items(), (seed, step)
    return active


def test_no_version_is_active_that_differs_from_the_loaded_modules(
    app: App, start: Callable[[], LongLived]
) -> None:
    assert walk(app, start, seed=1, steps=12) > 3


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_no_version_is_wrong_in_long_random_sequences(
    app: App, start: Callable[[], LongLived], seed: int
) -> None:
    assert walk(app, start, seed=seed, steps=100) > 20

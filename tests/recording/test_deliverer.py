"""The deliverer, in one process: order, failures, and what it leaves for users to read."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.git import Git
from support.stores import models

from gitver_hooks.common.locks import FileLock
from gitver_hooks.gitfiles.location import Location, find_location
from gitver_hooks.handover.log import log_path
from gitver_hooks.handover.notices import leave_notice, take_notice
from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.recording import deliver
from gitver_hooks.recording.circuit_breaker import failure_of, open_breaker
from gitver_hooks.recording.deliver import Delivered, Deliverer, deliver_store
from gitver_hooks.recording.known_models import KnownModels
from gitver_hooks.recording.outbox import Entry, Outbox
from gitver_hooks.recording.record import record, write_if_waiting
from gitver_hooks.registry.convergence import find_or_create
from gitver_hooks.registry.failures import MLflowFailure
from gitver_hooks.registry.registration import Registration
from gitver_hooks.registry.store import experiment_id, open_store


class Queue:
    """The outbox of a repository, an embedded store, and a deliverer that notes what it tries."""

    def __init__(self, location: Location, store: Path) -> None:
        self.location = location
        self.file = store
        self.store = Store(f"sqlite:///{store}", Experiment())
        self.outbox = Outbox(location)
        self.environment = {**os.environ, "MLFLOW_TRACKING_URI": self.store.tracking_uri}
        self.tried: list[str] = []
        self.numbers: list[int] = []
        self.during: Callable[[str], None] = lambda version: None

    def put(self, *versions: str, store: Store | None = None) -> None:
        for version in versions:
            self.outbox.put(self.registration(version, store))

    def registration(self, version: str, store: Store | None = None) -> Registration:
        tags = {"gitver.version": version}
        return Registration(version, f"app-git-{version}", store or self.store, tags=tags)

    def deliverer(self, address: Callable[[str], str] = str) -> Deliverer:
        return Deliverer(self.location, self.environment, address, self._note)

    def _note(self, number: int, entry: Entry) -> None:
        self.numbers.append(number)
        self.tried.append(entry.registration.version)
        self.during(entry.registration.version)

    def deliver(self, address: Callable[[str], str] = str) -> Delivered:
        result = deliver_store(self.location, self.store.key, self.deliverer(address), 0.0)
        assert result is not None
        return result

    @property
    def registered(self) -> list[str]:
        return [model.version for model in models(self.file)]

    @property
    def waiting(self) -> dict[str, str]:
        """The error of each version that waits."""
        return {entry.registration.version: entry.error for entry in self.outbox.waiting()}

    @property
    def log(self) -> str:
        return Path(log_path(self.location)).read_text()


@pytest.fixture
def queue(git: Git, sqlite_store: Path, delivering: Callable[[float], None]) -> Queue:
    delivering(30)
    location = find_location(str(git.path), os.environ)
    assert location is not None
    return Queue(location, sqlite_store)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> dict[str, Exception]:
    """The exceptions that registering these versions raises; MLflow gets the others."""
    failures: dict[str, Exception] = {}

    def fail(client: Any, experiment: str, registration: Registration, *, deadline: float) -> str:
        if registration.version in failures:
            raise failures[registration.version]
        return find_or_create(client, experiment, registration, deadline=deadline)

    monkeypatch.setattr(deliver, "find_or_create", fail)
    return failures


def test_a_queue_is_delivered_in_its_order(queue: Queue) -> None:
    queue.put("c", "a", "b")
    leave_notice(queue.location, "down")
    open_breaker(queue.location, queue.store.key, "down")
    assert queue.deliver() == Delivered(3, [], [])
    assert queue.registered == queue.tried == ["c", "a", "b"]
    assert queue.numbers == [1, 2, 3]
    assert queue.waiting == {}
    found = [KnownModels(queue.location, queue.store).get(version) for version in "cab"]
    assert found == [model.id for model in models(queue.file)]
    assert take_notice(queue.location) is None
    assert failure_of(queue.location, queue.store) is None


def test_progress_is_optional(queue: Queue) -> None:
    queue.put("a")
    deliverer = Deliverer(queue.location, queue.environment, str)
    assert deliver_store(queue.location, queue.store.key, deliverer, 0.0) == Delivered(1)


def test_what_somebody_waits_for_comes_first(queue: Queue) -> None:
    queue.put("a", "b", "c", "d")
    queue.outbox.prefer(queue.registration("c"))

    def prefer_another(version: str) -> None:
        if version == "c":
            queue.outbox.prefer(queue.registration("d"))

    queue.during = prefer_another
    assert queue.deliver().delivered == 4
    assert queue.tried == ["c", "d", "a", "b"]


def test_what_is_written_during_the_delivery_is_part_of_it(queue: Queue) -> None:
    queue.put("a", "b")

    def put_others(version: str) -> None:
        if version == "b":
            queue.put("c", "d")

    queue.during = put_others
    assert queue.deliver().delivered == 4
    assert queue.tried == ["a", "b", "c", "d"]


def test_an_entry_that_is_preferred_twice_or_gone_is_tried_once_at_most(queue: Queue) -> None:
    queue.put("a", "b", "c")
    queue.outbox.prefer(queue.registration("b"))
    queue.outbox.prefer(queue.registration("gone"))
    Path(queue.outbox.waiting()[0].path).write_text("damaged")
    assert queue.deliver() == Delivered(2)
    assert queue.tried == ["b", "c"]
    assert queue.waiting == {}


def test_two_failures_in_a_row_mean_that_the_store_is_down(queue: Queue) -> None:
    queue.file.unlink()
    queue.file.mkdir()
    queue.put("a", "b", "c")
    result = queue.deliver()
    problem = (
        f"the MLflow store sqlite:///{queue.file} cannot be opened; check that its folder exists "
        "and may be written, or set `tracking_uri`"
    )
    assert result == Delivered(0, [problem, problem], [])
    assert queue.tried == ["a", "b"]
    assert queue.numbers == [1, 1]
    assert queue.waiting == {"a": problem, "b": problem, "c": ""}
    assert failure_of(queue.location, queue.store) == problem
    assert take_notice(queue.location) == f"app-git-b is not in MLflow: {problem}"
    assert [line.partition(": ")[2] for line in queue.log.splitlines()] == [
        f"app-git-a: {problem}",
        f"app-git-b: {problem}",
    ]


def test_one_failure_of_several_versions_is_reported_once(
    queue: Queue, failing: dict[str, Exception]
) -> None:
    failing.update(a=MLflowFailure("down"), b=MLflowFailure("down"))
    queue.put("a")
    queue.deliver()
    assert take_notice(queue.location) == "app-git-a is not in MLflow: down"
    queue.put("b")
    queue.deliver()
    assert take_notice(queue.location) is None


def test_a_success_in_between_means_that_the_store_is_up(
    queue: Queue, failing: dict[str, Exception]
) -> None:
    failing.update(a=MLflowFailure("odd"), c=MLflowFailure("odd"), e=MLflowFailure("odd"))
    queue.put("a", "b", "c", "d", "e")
    assert queue.deliver() == Delivered(2, ["odd", "odd", "odd"], [])
    assert queue.registered == ["b", "d"]
    assert queue.waiting == {"a": "odd", "c": "odd", "e": "odd"}


def test_what_mlflow_refuses_for_good_says_nothing_about_the_store(
    queue: Queue, failing: dict[str, Exception]
) -> None:
    refused = MLflowFailure("no such experiment", permanent=True)
    failing.update(a=refused, b=refused, c=MLflowFailure("down"), d=refused)
    failing.update(e=MLflowFailure("down"), f=MLflowFailure("down"))
    queue.put(*"abcdef")
    result = queue.deliver()
    assert result == Delivered(0, ["down", "down"], ["no such experiment"] * 3)
    assert queue.tried == [*"abcde"]
    assert queue.waiting == {"c": "down", "e": "down", "f": ""}
    rejected = {entry.registration.version: entry.error for entry in queue.outbox.rejected()}
    assert rejected == dict.fromkeys("abd", "no such experiment")


def test_a_refusal_for_good_does_not_open_the_breaker(
    queue: Queue, failing: dict[str, Exception]
) -> None:
    failing["a"] = MLflowFailure("no such experiment", permanent=True)
    queue.put("a")
    queue.deliver()
    assert failure_of(queue.location, queue.store) is None
    assert take_notice(queue.location) == "app-git-a is not in MLflow: no such experiment"


def test_a_failure_that_nobody_foresaw_is_explained(
    queue: Queue, failing: dict[str, Exception]
) -> None:
    failing["a"] = RuntimeError("boom")
    queue.put("a")
    (problem,) = queue.deliver().failures
    where = queue.store.tracking_uri
    assert problem.startswith(f"MLflow at {where} failed: boom; ")


def test_no_password_that_a_server_repeats_is_kept(
    queue: Queue, failing: dict[str, Exception]
) -> None:
    queue.environment["MLFLOW_TRACKING_PASSWORD"] = "s3cret-of-users"
    failing["a"] = MLflowFailure("not s3cret-of-users")
    queue.put("a")
    assert queue.deliver().failures == ["not ***"]
    assert queue.waiting == {"a": "not ***"}
    assert take_notice(queue.location) == "app-git-a is not in MLflow: not ***"
    assert failure_of(queue.location, queue.store) == "not ***"
    assert "s3cret" not in queue.log


def test_an_entry_gets_a_minute(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    deadlines: list[float] = []

    def note_deadline(*arguments: object, deadline: float) -> str:
        deadlines.append(deadline)
        return "m-" + "1" * 32

    monkeypatch.setattr(deliver, "find_or_create", note_deadline)
    queue.put("a")
    started = time.monotonic()
    queue.deliver()
    assert started + 60 <= deadlines[0] <= time.monotonic() + 60


def test_secrets_are_removed_before_a_registration_is_sent(queue: Queue) -> None:
    registration = queue.registration("a")
    token = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
    queue.outbox.put(
        Registration(
            "a",
            registration.name,
            queue.store,
            tags={"gitver.version": "a", "mlflow.note.content": f"use {token}"},
        )
    )
    queue.deliver()
    (model,) = models(queue.file)
    assert token not in model.tags["mlflow.note.content"]


def test_the_address_and_its_credentials_are_those_of_now(queue: Queue) -> None:
    queue.store = Store("http://user@stored.example.com", Experiment("shop"))
    queue.put("a")
    assert queue.deliver(lambda uri: {"http://user@stored.example.com": address(queue)}[uri]) == (
        Delivered(1)
    )
    assert queue.registered == ["a"]
    assert KnownModels(queue.location, queue.store).get("a") == models(queue.file)[0].id


def address(queue: Queue) -> str:
    return f"sqlite:///{queue.file}"


def test_each_store_is_opened_once_and_each_experiment_looked_up_once(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def count_open(tracking_uri: str) -> Any:
        calls.append(tracking_uri)
        return open_store(tracking_uri)

    def count_lookup(client: Any, experiment: Experiment) -> str:
        calls.append(experiment.name)
        return experiment_id(client, experiment)

    monkeypatch.setattr(deliver, "open_store", count_open)
    monkeypatch.setattr(deliver, "experiment_id", count_lookup)
    other = Store(queue.store.tracking_uri, Experiment("other"))
    queue.put("a", "b")
    queue.put("a", "b", store=other)
    deliverer = queue.deliverer()
    for store in (queue.store, other):
        result = deliver_store(queue.location, store.key, deliverer, 0.0)
        assert result == Delivered(2)
        assert deliverer.client(store) is deliverer.client(queue.store)
    assert calls == [queue.store.tracking_uri, "Default", "other"]


def test_one_delivers_at_a_time(queue: Queue) -> None:
    queue.put("a")
    path = Path(queue.location.shared_state_dir, "delivering", f"{queue.store.key}.lock")
    with FileLock(str(path)) as lock:
        assert lock.held
        started = time.monotonic()
        for seconds in (0.0, 0.2):
            deliverer = queue.deliverer()
            assert deliver_store(queue.location, queue.store.key, deliverer, seconds) is None
        assert time.monotonic() - started >= 0.2
    assert queue.tried == []
    assert queue.deliver() == Delivered(1)


def test_a_store_that_hangs_does_not_hold_up_another(queue: Queue) -> None:
    hanging = Store("http://127.0.0.1:9", Experiment())
    queue.put("a", store=hanging)
    queue.put("b")
    lock = Path(queue.location.shared_state_dir, "delivering", f"{hanging.key}.lock")
    # As a deliverer holds it that waits for its store.
    with FileLock(str(lock)) as held:
        assert held.held
        assert queue.deliver().delivered == 1
    assert queue.registered == ["b"]
    assert list(queue.waiting) == ["a"]


def test_the_name_of_a_part_is_remembered_because_another_commit_may_have_named_it(
    queue: Queue,
) -> None:
    tags = {
        "gitver.version": "part",
        "gitver.tree": "1" * 40,
        "gitver.app": "chat",
        "mlflow.source.git.commit": "2" * 40,
        "mlflow.source.git.dirty": "false",
    }
    queue.outbox.put(queue.registration("part")._replace(app="chat", tags=tags))
    queue.put("commit")
    assert queue.deliver() == Delivered(2)
    known = KnownModels(queue.location, queue.store)
    ids = {model.version: model.id for model in models(queue.file)}
    assert known.get("part", "chat") == ids["part"]
    assert known.name("part", "chat") == "app-git-part"
    assert known.get("part") is None
    assert known.get("commit") == ids["commit"]
    assert known.name("commit", "") == ""


def test_each_worktree_that_waits_gets_its_file(git: Git, queue: Queue) -> None:
    git("worktree", "add", "-q", "../linked")
    linked = find_location(str(git.path.parent / "linked"), os.environ)
    assert linked is not None
    for location in (queue.location, linked):
        record(location, queue.environment)
    assert queue.deliver() == Delivered(1)
    (model,) = models(queue.file)
    for location in (queue.location, linked):
        assert Path(location.active_model_file).read_text() == f"{model.id}\n"


def test_a_broken_worktree_does_not_hold_up_the_others(
    git: Git, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("full", "linked"):
        git("worktree", "add", "-q", f"../{name}", "-b", name)
    full, linked = (
        find_location(str(git.path.parent / name), os.environ) for name in ("full", "linked")
    )
    assert full is not None
    assert linked is not None
    for location in (queue.location, full, linked):
        record(location, queue.environment)
    git.write(".gitver.yaml", "wiat: 3\n")

    def write_unless_full(location: Location, *rest: Any) -> None:
        if location.worktree == full.worktree:
            raise OSError("the disk is full")
        write_if_waiting(location, *rest)

    monkeypatch.setattr(deliver, "write_if_waiting", write_unless_full)
    assert queue.deliver() == Delivered(1)
    (model,) = models(queue.file)
    assert Path(linked.active_model_file).read_text() == f"{model.id}\n"
    first, second = [line.partition(": ")[2] for line in queue.log.splitlines()]
    assert first.startswith(f"{git.path}: {git.path}/.gitver.yaml has the unknown key 'wiat'")
    # A traceback is for what nobody expected.
    assert "Traceback" not in first
    assert second.startswith(f"{full.worktree}: the disk is full\\nTraceback")

"""Measures what hooks add to commits and checkouts of new versions, whatever the store's state."""

from __future__ import annotations

import fcntl
import json
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.cases import make_known, with_and_without_hooks
from benchmarks.children import Failed
from benchmarks.results import Results
from benchmarks.timing import Samples, Turns, measure
from benchmarks.trees import Tree

COMMIT, CHECKOUT = "commit, store {}", "checkout of a new version, store {}"
LEAVING_CHANGES = "commit that leaves changes, store embedded"
FULL_OUTBOX = "commit with a full outbox, store down"
EMBEDDED, SERVER, DOWN, HANGING = "embedded", "a server", "down", "hanging"
ENTRIES = 20_000
_COMMIT, _CHECK_OUT = "git commit -q -m commit", "git checkout -q new"
_SETTLE_SECONDS = 90.0


def measure_commits(tree: Tree, turns: Turns, results: Results, address: str) -> None:
    """Commit one changed file, a new version each time; ``address`` is that of a server."""
    tree.gitver("install")
    tree.git("checkout", "-q", "-B", "committed", "main")
    with _hanging_server() as hanging:
        addresses = {EMBEDDED: None, SERVER: address, DOWN: _closed_port(), HANGING: hanging}
        stores = {state: _Store(tree, state, uri) for state, uri in addresses.items()}
        for state, store in stores.items():
            commit, checkout = COMMIT.format(state), CHECKOUT.format(state)
            results.add(tree.size, store.measure(commit, _COMMIT, store.edit, turns))
            results.add(
                tree.size, store.measure(checkout, _CHECK_OUT, store.commit_elsewhere, turns)
            )
        store = stores[EMBEDDED]
        results.add(tree.size, store.measure(LEAVING_CHANGES, _COMMIT, store.edit_twice, turns))
        tree.git("reset", "-q", "--hard")
        store = stores[DOWN]
        store.fill_outbox()
        results.add(tree.size, store.measure(FULL_OUTBOX, _COMMIT, store.edit, turns))
    shutil.rmtree(tree.state / "outbox")
    tree.git("checkout", "-q", "main")
    make_known(tree)


class _Store:
    """The tree with one store, in one state; ``uri`` is None for the embedded one."""

    def __init__(self, tree: Tree, state: str, uri: str | None) -> None:
        self._tree = tree
        self._state = state
        self._numbers = iter(range(10**9))
        self._added = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "2"}
        if uri is not None:
            self._added["MLFLOW_TRACKING_URI"] = uri

    def measure(
        self, case: str, script: str, before: Callable[[], None], turns: Turns
    ) -> dict[str, Samples]:
        """The samples of ``script`` with and without hooks, each time after ``before``."""
        cases = with_and_without_hooks(
            self._tree, case, script, before=before, after=self._settle, added=self._added
        )
        return measure(cases, turns.fewer(7))

    def edit(self) -> None:
        """Stage a change that no commit had before."""
        text = f"print({self._state!r}, {next(self._numbers)}, {time.time_ns()})\n"
        (self._tree.path / "app.py").write_text(text)
        self._tree.git("add", "app.py")

    def edit_twice(self) -> None:
        """Stage a change, and leave another one uncommitted."""
        self.edit()
        with self._tree.files[-1].open("ab") as changed:
            changed.write(b"# not committed\n")

    def commit_elsewhere(self) -> None:
        """Commit a change to the branch ``new``, and check out its parent again."""
        self._tree.git("checkout", "-q", "--detach")
        self.edit()
        self._tree.git("commit", "-q", "-m", "new")
        self._tree.git("branch", "-q", "-f", "new")
        self._tree.git("checkout", "-q", "HEAD~1")

    def fill_outbox(self) -> None:
        """Copy an entry of this store's queue until it has as many as the budget is about."""
        entries = {path: path.read_text() for path in self._tree.state.glob("outbox/*/*.json")}
        uri = self._added["MLFLOW_TRACKING_URI"]
        path, text = next((path, text) for path, text in entries.items() if uri in text)
        entry = json.loads(text)
        for number in range(ENTRIES):
            entry["registration"]["version"] = f"{number:040x}"
            path.with_name(f"{number:032x}.json").write_text(json.dumps(entry))

    def _settle(self) -> None:
        """Wait until the deliverer has ended, so that it does not compete with the next commit."""
        expects_model = self._state in (EMBEDDED, SERVER)
        started = time.monotonic()
        while not (self._tree.active_model_file.exists() if expects_model else self._has_failed()):
            _check(started)
            time.sleep(0.02)
        while any(map(_is_locked, (self._tree.state / "delivering").glob("*.lock"))):
            _check(started)
            time.sleep(0.02)
        # The process still has to end.
        time.sleep(0.3)
        for path in (self._tree.state / "failed").glob("*"):
            path.unlink()

    def _has_failed(self) -> bool:
        return any((self._tree.state / "failed").glob("*"))


def _check(started: float) -> None:
    if time.monotonic() - started > _SETTLE_SECONDS:
        raise Failed("the background has not come to an end after a commit")


def _is_locked(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@contextmanager
def _hanging_server() -> Iterator[str]:
    """The address of a server that accepts connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"

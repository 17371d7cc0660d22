"""Measures what hooks add to the commit of a new version, whatever the state of the store."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.cases import make_known, with_and_without_hooks
from benchmarks.children import Failed
from benchmarks.results import Results
from benchmarks.timing import Turns, measure
from benchmarks.trees import Tree

COMMIT = "commit, store {}"
EMBEDDED, SERVER, DOWN, HANGING = "embedded", "a server", "down", "hanging"
_SETTLE_SECONDS = 60.0


def measure_commits(tree: Tree, turns: Turns, results: Results, address: str) -> None:
    """Commit one changed file, a new version each time; ``address`` is that of a server."""
    tree.gitver("install")
    tree.git("checkout", "-q", "-B", "committed", "main")
    with _hanging_server() as hanging:
        _measure(tree, turns, results, EMBEDDED, None)
        _measure(tree, turns, results, SERVER, address)
        _measure(tree, turns, results, DOWN, _closed_port())
        _measure(tree, turns, results, HANGING, hanging)
    tree.git("checkout", "-q", "main")
    make_known(tree)


def _measure(tree: Tree, turns: Turns, results: Results, state: str, address: str | None) -> None:
    numbers = iter(range(10**9))

    def edit() -> None:
        (tree.path / "app.py").write_text(f"print('commit to {state}', {next(numbers)})\n")
        tree.git("add", "app.py")

    added = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "2"}
    if address is not None:
        added["MLFLOW_TRACKING_URI"] = address
    cases = with_and_without_hooks(
        tree,
        COMMIT.format(state),
        "git commit -q -m commit",
        before=edit,
        after=lambda: _settle(tree, expect_model=state in (EMBEDDED, SERVER)),
        added=added,
    )
    results.add(tree.size, measure(cases, turns.fewer(7)))


def _settle(tree: Tree, expect_model: bool) -> None:
    """Wait until the deliverer has ended, so that it does not compete with the next commit."""
    started = time.monotonic()
    while not (tree.active_model_file.exists() if expect_model else _has_failed(tree)):
        if time.monotonic() - started > _SETTLE_SECONDS:
            raise Failed("the background has not come to an end after a commit")
        time.sleep(0.02)
    # The process still has to end.
    time.sleep(0.3)
    for path in (tree.state / "failed").glob("*"):
        path.unlink()


def _has_failed(tree: Tree) -> bool:
    return any((tree.state / "failed").glob("*"))


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

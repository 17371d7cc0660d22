"""The command line: build the trees, measure, print the table."""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import benchmarks
from benchmarks.apps import measure_apps
from benchmarks.children import Failed
from benchmarks.commits import measure_commits
from benchmarks.ground import Ground
from benchmarks.history import measure_history
from benchmarks.hooks import measure_checkouts, measure_rebase
from benchmarks.identity import measure_identity
from benchmarks.keeping import measure_keeping
from benchmarks.parts import PARTS, measure_many_apps, measure_parts
from benchmarks.report import machine, table, write_json
from benchmarks.results import Results
from benchmarks.rows import rows
from benchmarks.server import measure_searches, mlflow_server
from benchmarks.timing import Turns
from benchmarks.trees import SIZES, Tree

GROUPS = ("identity", "hooks", "rebase", "keep", "parts", "server", "app", "growth", "history")
_IN_ALL_TREES = ("identity", "hooks")
_MEASURES = {
    "identity": measure_identity,
    "hooks": measure_checkouts,
    "rebase": measure_rebase,
    "keep": measure_keeping,
    PARTS: measure_parts,
    "app": measure_apps,
}
# Groups that are measured in a repository of their own.
_OF_NO_TREE = {"history": measure_history, PARTS: measure_many_apps}
_TURNS = {"tiny": Turns(5, 1), "small": Turns(21, 3), "medium": Turns(15, 2), "large": Turns(7, 1)}


def main() -> int:
    """Returns 0, or 1 if something could not be measured; a missed budget is not a failure."""
    options = _options()
    groups = set(options.only)
    # Growth is computed from the identity of trees of several sizes.
    groups |= {"identity"} if "growth" in groups else set()
    measured_on = machine()
    results = _measure(options, groups)
    measured = [row for row in rows(results) if row.group in groups]
    print(", ".join(f"{name} {value}" for name, value in measured_on.items()))
    print(table(measured, results))
    for failure in results.failures:
        print(f"not measured: {failure}", file=sys.stderr)
    if options.json:
        write_json(options.json, measured, results, measured_on)
    return 1 if results.failures else 0


def _measure(options: argparse.Namespace, groups: set[str]) -> Results:
    sizes = list(dict.fromkeys(s for size in options.size for s in _sizes(size)))
    results = Results(say=lambda text: print(text, file=sys.stderr, flush=True))
    with tempfile.TemporaryDirectory(prefix="gitver-benchmarks-") as folder, ExitStack() as stack:
        ground = Ground(Path(folder))
        address = _server(ground, stack, results) if "server" in groups else None
        for size in sizes:
            _measure_tree(ground, size, groups, _turns(options, size), results, address)
        if address is not None:
            results.say("server: searches")
            measure_searches(ground, address, _turns(options, "small"), results)
        for group in _OF_NO_TREE:
            if group in groups:
                _measure_group(ground, group, _turns(options, "small"), results)
    return results


def _measure_group(ground: Ground, group: str, turns: Turns, results: Results) -> None:
    results.say(f"{group}: making a repository")
    try:
        _OF_NO_TREE[group](ground, turns, results)
    except Failed as error:
        results.failures.append(f"{group}: {error}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=benchmarks.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--size", nargs="+", choices=[*SIZES, "all"], default=["all"], help="all: without tiny"
    )
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=list(GROUPS))
    parser.add_argument("--quick", action="store_true", help="once each, without warm-up")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples to FILE")
    return parser.parse_args()


def _sizes(name: str) -> list[str]:
    return ["small", "medium", "large"] if name == "all" else [name]


def _turns(options: argparse.Namespace, size: str) -> Turns:
    return Turns(1, 0) if options.quick else _TURNS[size]


def _server(ground: Ground, stack: ExitStack, results: Results) -> str | None:
    results.say("server: starting")
    try:
        return stack.enter_context(mlflow_server(ground))
    except Failed as error:
        results.failures.append(f"server: {error}")
        return None


def _measure_tree(
    ground: Ground,
    size: str,
    groups: set[str],
    turns: Turns,
    results: Results,
    address: str | None,
) -> None:
    results.say(f"{size}: making a tree of {SIZES[size]} files")
    tree = Tree(ground, size)
    results.counts[size] = tree.count
    for group in GROUPS:
        # The cost of a rebase, a new version or an app start is not worth 100,000 files.
        if group not in groups or (size == "large" and group not in _IN_ALL_TREES):
            continue
        try:
            if group in _MEASURES:
                results.say(f"{size}: {group}")
                _MEASURES[group](tree, turns, results)
            elif group == "server" and address is not None:
                results.say(f"{size}: commits")
                measure_commits(tree, turns, results, address)
        except Failed as error:
            results.failures.append(f"{group} in the {size} tree: {error}")


if __name__ == "__main__":
    sys.exit(main())

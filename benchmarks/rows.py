"""Computes the rows of the table: each figure from its samples, and its budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from benchmarks import apps, commits, history, hooks, identity, keeping, parts, server
from benchmarks.cases import HOOKLESS
from benchmarks.results import Results
from benchmarks.row import MEGABYTE, Maker, Row

# A linear cost gives 1. Beyond the caches of a machine each file costs more, also for git, so the
# budget is this much above the growth of `git status`.
_LINEAR = 1.3
_MEMORY_MB = 200


def rows(results: Results) -> list[Row]:
    """All rows that have samples."""
    found: list[Row] = []
    for size in results.samples:
        for rows_of in (
            _identity,
            _hooks,
            _rebase,
            keeping.rows_of,
            parts.rows_of,
            _commits,
            _apps,
        ):
            found += _whole(rows_of, results, size)
    found += _whole(_searches, results, server.SERVER)
    found += _whole(_history, results, history.HISTORY)
    found += _whole(parts.rows_of_many_apps, results, parts.APPS)
    found += _growth(results)
    return found


def _whole(make: Callable[[Results, str], Iterator[Row]], results: Results, size: str) -> list[Row]:
    try:
        return list(make(results, size))
    except KeyError:
        # This group was not measured in this tree.
        return []


def _identity(results: Results, size: str) -> Iterator[Row]:
    make = Maker(results, "identity", size)
    i = identity
    small, medium = size in ("tiny", "small"), size == "medium"
    yield make.time("bare interpreter", i.BARE)
    yield make.time("git status", i.STATUS)
    yield make.time(
        "shim, fresh, beyond a bare interpreter", i.FRESH, 10 if small else None, i.BARE
    )
    yield make.ratio(
        "the same / git status", i.FRESH, i.STATUS, 1.25 if medium else None, less=i.BARE
    )
    yield make.time("shim, asking MLflow again in the background", i.DUE, less=i.BARE)
    yield make.time("shim, after a touch of all", i.FRESH + i.TOUCHED, less=i.BARE)
    found = results.facts[size][i.FOREIGN_MODULES]
    yield Row(
        "identity", size, "modules a fresh shim imports from elsewhere", len(found), "",
        ", ".join(found) or "standard library only", 0,
    )  # fmt: skip
    yield make.ratio("gitver id, cold / git status", i.COLD, i.STATUS, 4 if medium else None)
    yield make.ratio("gitver id, warm / git status", i.WARM, i.STATUS)
    for state in (i.EDITED, i.TOUCHED):
        yield make.ratio(f"gitver id,{state} / git status", i.WARM + state, i.STATUS + state)
        yield make.ratio(f"gitver id,{state} / git add, write-tree", i.WARM + state, i.ADD + state)
    yield make.ratio("gitver id, warm / git add, write-tree", i.WARM, i.ADD)
    yield make.ratio("gitver id, warm / MLflow's guide, commit only", i.WARM, i.GUIDE)
    yield make.ratio("gitver id, warm / guide, clean or not", i.WARM, i.GUIDE_STATUS)
    yield make.ratio(
        "gitver id, after an edit / guide, clean or not",
        i.WARM + i.EDITED,
        i.GUIDE_STATUS + i.EDITED,
    )
    yield make.ratio("gitver id, warm / dulwich's status", i.WARM, i.DULWICH)


def _hooks(results: Results, size: str) -> Iterator[Row]:
    make = Maker(results, "hooks", size)
    budget = {"tiny": 150.0, "small": 150.0, "medium": 150.0}.get(size)
    yield make.time(
        "hook of a known version, beyond git's checkout",
        hooks.CHECKOUT, budget, hooks.CHECKOUT + HOOKLESS, parts=2,
    )  # fmt: skip
    imported = results.facts[size][hooks.MLFLOW_IMPORTED]
    yield Row("hooks", size, "mlflow imported by it", int(imported), "", str(imported).lower(), 0)


def _rebase(results: Results, size: str) -> Iterator[Row]:
    make = Maker(results, "rebase", size)
    yield make.time(
        f"a pick, of {hooks.PICKS}",
        hooks.REBASE, 50, hooks.REBASE + HOOKLESS, parts=hooks.PICKS,
    )  # fmt: skip
    registered = results.facts[size][hooks.REGISTERED]
    yield Row("rebase", size, "registered by it", registered, "", "LoggedModels in the store", 0)


def _commits(results: Results, size: str) -> Iterator[Row]:
    make = Maker(results, "server", size)
    budget = 150.0 if size in ("tiny", "small") else None
    for state in (commits.EMBEDDED, commits.SERVER, commits.DOWN, commits.HANGING):
        for what, kind in (("commit", commits.COMMIT), ("checkout", commits.CHECKOUT)):
            case = kind.format(state)
            shown = f"{what} of a new version, beyond git's, store {state}"
            yield make.time(shown, case, budget, case + HOOKLESS)
    case = commits.LEAVING_CHANGES
    shown = "commit that leaves changes behind, beyond git's"
    yield make.time(shown, case, None if budget is None else 400.0, case + HOOKLESS)
    case = commits.FULL_OUTBOX
    shown = f"commit with {commits.ENTRIES} entries in the outbox, beyond git's"
    yield make.time(shown, case, budget, case + HOOKLESS)


def _apps(results: Results, size: str) -> Iterator[Row]:
    make = Maker(results, "app", size)
    yield make.time("shim, beyond import mlflow", apps.WITH_SHIM, less=apps.PLAIN)
    yield make.time("MLflow's versioning, beyond import mlflow", apps.WITH_MLFLOW, less=apps.PLAIN)
    yield make.ratio("app with shim / with MLflow's versioning", apps.WITH_SHIM, apps.WITH_MLFLOW)
    yield make.ratio("app on a new dirty version / without the shim", apps.NEW, apps.TRACING, 1.3)
    yield make.time(
        "first start, which creates the embedded store, beyond import mlflow",
        apps.FIRST, less=apps.PLAIN,
    )  # fmt: skip
    yield make.time(
        "every start with the embedded store, beyond import mlflow", apps.TRACING, less=apps.PLAIN
    )


def _searches(results: Results, size: str) -> Iterator[Row]:
    make = Maker(results, "server", size)
    few, many = server.MODELS
    yield make.time(f"search by name, {few} models", server.SEARCH.format(few))
    yield make.time(f"search by name, {many} models", server.SEARCH.format(many))
    yield make.time(f"MLflow's own search, {many} models", server.SEARCH_TAGS.format(many))


def _history(results: Results, size: str) -> Iterator[Row]:
    yield Maker(results, "history", size).time(history.WALK, history.WALK, 100)


def _growth(results: Results) -> list[Row]:
    found: list[Row] = []
    measured = [s for s in results.samples if identity.COLD in results.samples[s]]
    measured.sort(key=results.counts.__getitem__)
    if len(measured) > 2:
        git = _slope(results, measured, "git status", identity.STATUS)
        found.append(git)
        for what, case in (
            ("shim, fresh", identity.FRESH),
            ("gitver id, cold", identity.COLD),
            ("gitver id, after a touch", identity.WARM + identity.TOUCHED),
        ):
            # Cases that read the files are compared with git reading them.
            own = identity.STATUS + identity.TOUCHED if identity.TOUCHED in case else None
            allowed = _slope(results, measured, "", own) if own else git
            budget = _LINEAR * max(1.0, allowed.figure)
            found.append(replace(_slope(results, measured, what, case), budget=budget))
    if measured:
        found += _memory(results, measured[-1])
    return found


def _slope(results: Results, sizes: list[str], what: str, case: str) -> Row:
    """Time per additional file between the two largest trees, relative to the two smallest."""

    def per_file(less: str, more: str) -> float:
        seconds = results.median(more, case) - results.median(less, case)
        return seconds / (results.counts[more] - results.counts[less])

    low, high = per_file(*sizes[:2]), per_file(*sizes[-2:])
    basis = f"{high * 1e6:.2f} us / {low * 1e6:.2f} us for a file more"
    where = f"{sizes[0]}..{sizes[-1]}"
    return Row("growth", where, f"{what}: large trees / small ones", high / low, "x", basis)


def _memory(results: Results, size: str) -> list[Row]:
    basis = f"{results.counts[size]} files"
    return [
        Row("growth", size, f"peak memory, {case}", peak / MEGABYTE, "MB", basis, _MEMORY_MB)
        for case, peak in results.facts[size][identity.PEAKS].items()
    ]

"""Measures what it costs to keep the code of dirty versions, and what many kept versions cost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.cases import case
from benchmarks.results import Results
from benchmarks.row import MEGABYTE, Maker, Row
from benchmarks.timing import Case, Turns, measure
from benchmarks.trees import Tree

GROUP = "keep"
# How many files are edited, and the budget for keeping them, in ms.
_EDITED = {1: 15.0, 100: 50.0, 5_000: 700.0}
_LARGE_MB = 200
_LARGE = f"beside a file of {_LARGE_MB} MB"
_KEPT_VERSIONS = {"tiny": 20, "small": 1_000}
_COMMANDS = {"status": 1.05, "log": 1.05, "fetch": 1.3}
_WITHOUT, _WITH, _STASHES = "no kept versions", "kept versions", "stashes"
_KEPT, _UNKEPT = {"GITVER_KEEP": "local"}, {"GITVER_KEEP": "off"}

_RECORD = """\
import os
from gitver_hooks.gitfiles.location import find_location
from gitver_hooks.recording.record import record
record(find_location(".", os.environ), os.environ)
"""
_KEEP = """\
import os
from gitver_hooks.gitfiles.location import find_location
from gitver_hooks.keeping.keep import keep_captured
keep_captured(find_location(".", os.environ), os.environ)
"""
# Without recording, so that nothing is delivered while the commands are measured.
_KEEP_MANY = """\
import os, sys
from pathlib import Path
from gitver_hooks.gitfiles.location import find_location
from gitver_hooks.keeping.capture import capture
from gitver_hooks.keeping.keep import keep_captured
from gitver_hooks.keeping.tidy import pack_kept
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.settings import load_settings
from gitver_hooks.version.identify import identify_worktree
app = Path("app.py")
committed = app.read_text()
location = find_location(".", os.environ)
for number in range(int(sys.argv[1])):
    app.write_text(f"{committed}# edit {number}\\n")
    with open_repository(location, os.environ) as repository:
        settings = load_settings(repository)
        identified = identify_worktree(repository, settings)
        capture(repository, identified, settings, "app")
    keep_captured(location, os.environ)
    pack_kept(location, os.environ)
app.write_text(committed)
"""
_STASH_MANY = """\
for number in $(seq $0); do
    echo "# edit $number" >>app.py
    git stash store -q -m "$number" "$(git stash create)"
    git checkout -q app.py
done
"""


def measure_keeping(tree: Tree, turns: Turns, results: Results) -> None:
    """On the branch ``main``; leaves the tree clean."""
    for count in _EDITED:
        results.add(tree.size, measure(_after_edits(tree, count), turns.fewer(11)))
        tree.git("checkout", "-q", ".")
    results.add(tree.size, measure(_beside_large_file(tree), turns.fewer(7)))
    (tree.path / "large.bin").unlink()
    tree.git("checkout", "-q", ".")
    if tree.size in _KEPT_VERSIONS:
        _measure_many(tree, turns, results)


def rows_of(results: Results, size: str) -> Iterator[Row]:
    """Raises KeyError if this was not measured in this tree."""
    make = Maker(results, GROUP, size)
    for count, budget in _EDITED.items():
        kept, unkept = _name("record", count, _KEPT), _name("record", count, _UNKEPT)
        yield make.time(f"recording a dirty version, {count} files", kept, budget, unkept)
        yield make.ratio(
            f"the same / git stash create, {count} files", kept, _name("stash", count), less=unkept
        )
        yield make.time(f"keeper in the background, {count} files", _name("keep", count))
    yield make.time(
        f"recording {_LARGE} that is cut out",
        _name(_LARGE, 1, _KEPT), _EDITED[1], _name(_LARGE, 1, _UNKEPT),
    )  # fmt: skip
    many = _KEPT_VERSIONS.get(size)
    if many is None:
        return
    for command, most in _COMMANDS.items():
        yield make.ratio(
            f"{command}, {many} kept versions / none",
            f"{command}, {_WITH}", f"{command}, {_WITHOUT}", most,
        )  # fmt: skip
    kept_size, stashed_size = (results.facts[size][name] for name in (_WITH, _STASHES))
    basis = f"{kept_size / MEGABYTE:.1f} MB / {stashed_size / MEGABYTE:.1f} MB"
    what = f"space on disk, {many} kept versions / {many} stashes"
    yield Row(GROUP, size, what, kept_size / stashed_size, "x", basis)


def _name(what: str, count: int, setting: dict[str, str] | None = None) -> str:
    return f"{what}, {count} files, {setting['GITVER_KEEP'] if setting else 'git'}"


def _after_edits(tree: Tree, count: int) -> list[Case]:
    """The cases after new edits of ``count`` tracked files, or of all there are."""
    files = [path for path in tree.files if path.suffix == ".py"][:count]
    numbers = iter(range(10**9))

    def edit() -> None:
        number = next(numbers)
        for file in files:
            with file.open("a") as opened:
                opened.write(f"# edit {number}\n")

    def edit_and_record() -> None:
        edit()
        tree.ground.run(tree.ground.python, "-c", _RECORD, folder=tree.path, **_KEPT)

    python = tree.ground.python
    return [
        *(
            case(tree, _name("record", count, keep), python, "-c", _RECORD, before=edit, added=keep)
            for keep in (_KEPT, _UNKEPT)
        ),
        case(tree, _name("stash", count), "git", "stash", "create", before=edit),
        case(tree, _name("keep", count), python, "-c", _KEEP, before=edit_and_record),
    ]


def _beside_large_file(tree: Tree) -> list[Case]:
    with (tree.path / "large.bin").open("wb") as file:
        file.truncate(_LARGE_MB * MEGABYTE)
    numbers = iter(range(10**9))

    def edit() -> None:
        (tree.path / "app.py").write_text(f"print({next(numbers)})\n")

    python = tree.ground.python
    return [
        case(tree, _name(_LARGE, 1, keep), python, "-c", _RECORD, before=edit, added=keep)
        for keep in (_KEPT, _UNKEPT)
    ]


def _measure_many(tree: Tree, turns: Turns, results: Results) -> None:
    """Compare a clone with many kept versions with one without, and with one with stashes."""
    ground, count = tree.ground, str(_KEPT_VERSIONS[tree.size])
    remote = ground.folder / f"{tree.size}.git"
    ground.run("git", "clone", "-q", "--bare", str(tree.path), str(remote), folder=ground.folder)
    clones = {name: ground.folder / f"{tree.size}, {name}" for name in (_WITHOUT, _WITH, _STASHES)}
    for folder in clones.values():
        # With a pack of its own: what keeping packs is not to include objects of the remote.
        clone = ("git", "clone", "-q", "--no-local", str(remote), str(folder))
        ground.run(*clone, folder=ground.folder)
    before = _space(clones[_WITHOUT])
    ground.run(ground.python, "-c", _KEEP_MANY, count, folder=clones[_WITH], **_KEPT)
    ground.run("sh", "-ec", _STASH_MANY, count, folder=clones[_STASHES])
    for name in (_WITH, _STASHES):
        results.note(tree.size, name, _space(clones[name]) - before)
    cases = [
        Case(f"{command}, {name}", ("git", command), clones[name], ground.environment)
        for command in _COMMANDS
        for name in (_WITHOUT, _WITH)
    ]
    results.add(tree.size, measure(cases, turns))


def _space(clone: Path) -> int:
    """What the git dir of a clone occupies on the disk, in bytes."""
    return sum(
        os.lstat(os.path.join(folder, name)).st_blocks * 512
        for folder, _, names in os.walk(clone / ".git")
        for name in names
    )

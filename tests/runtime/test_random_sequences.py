"""No trace is on the wrong version, in any order of edits, reruns, reloads and restarts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from support.long_lived import LongLived, write_program
from support.notebooks import Notebook, kernel
from support.sequences import Driver, Versions, walk
from support.servers_of_apps import StreamlitApp, UvicornApp
from support.stores import App

_SEEDS = [range(first, first + 50) for first in range(0, 200, 50)]
sequences = pytest.mark.parametrize("seeds", _SEEDS, ids=lambda seeds: f"from-{seeds.start}")
pytestmark = pytest.mark.long


class PlainProcess(Driver):
    """A process that imports and reloads modules, and calls ``activate()`` before each trace."""

    def __init__(self, app: App) -> None:
        self.steps = {"import": 2, "reload": 2, "restart": 1}
        self._app = app
        self._process = LongLived(app)

    def take(self, step: str, choice: random.Random) -> None:
        if step == "restart":
            if choice.random() < 0.3:
                self.end()
                self._process = LongLived(self._app)
        else:
            self._process.tell(step, choice.choice(["first", "second"]))

    def trace(self) -> None:
        self._process.tell("trace")

    def end(self) -> None:
        self._process.end()


@sequences
def test_a_plain_process(app: App, make_versions: Callable[[], Versions], seeds: range) -> None:
    write_program(app)
    versions = make_versions()
    process = PlainProcess(app)
    linked, unlinked = walk(versions, process, seeds)
    process.end()
    print(f"{linked} traces with a version, {unlinked} without")
    assert linked > len(seeds) // 2
    assert unlinked


class Kernel(Driver):
    """A notebook's kernel, with the extension."""

    def __init__(self, app: App, autoreload: str | None) -> None:
        self._app = app
        self._autoreload = autoreload
        self.steps = {"import": 2, "reload": 1 if autoreload else 2, "restart": 1}
        self._notebook = self._start()

    def _start(self) -> Notebook:
        self._stack = ExitStack()
        notebook = self._stack.enter_context(kernel(self._app.path))
        notebook.run("%load_ext gitver_hooks\nimport importlib, answering")
        if self._autoreload:
            notebook.run(f"%load_ext autoreload\n%autoreload {self._autoreload}")
        return notebook

    def take(self, step: str, choice: random.Random) -> None:
        name = choice.choice(["first", "second"])
        if step == "import":
            self._notebook.run(f"import {name}")
        elif step == "reload":
            self._notebook.run(f"import {name}\nimportlib.reload({name})")
        elif choice.random() < 0.3:
            self.end()
            self._notebook = self._start()

    def trace(self) -> None:
        self._notebook.run("answering.answer()")

    def end(self) -> None:
        self._stack.close()


@sequences
@pytest.mark.parametrize("autoreload", [None, "2", "2 --full"])
def test_a_notebook(
    app: App, make_versions: Callable[[], Versions], seeds: range, autoreload: str | None
) -> None:
    versions = make_versions()
    process = Kernel(app, autoreload)
    linked, unlinked = walk(versions, process, seeds)
    process.end()
    print(f"{linked} traces with a version, {unlinked} without")
    assert linked > len(seeds) // 2
    assert unlinked


@pytest.fixture
def uvicorn(app: App) -> Iterator[UvicornApp]:
    with ExitStack() as stack:
        yield UvicornApp(app, stack)


@sequences
def test_a_server_that_uvicorn_reloads(
    uvicorn: UvicornApp, make_versions: Callable[[], Versions], seeds: range
) -> None:
    versions = make_versions()
    uvicorn.start()
    linked, unlinked = walk(versions, uvicorn, seeds)
    print(f"{linked} traces with a version, {unlinked} without")
    assert linked > len(seeds)


@pytest.fixture
def streamlit(app: App) -> Iterator[StreamlitApp]:
    with ExitStack() as stack:
        yield StreamlitApp(app, stack)


@sequences
def test_a_streamlit_app_in_a_browser(
    streamlit: StreamlitApp, make_versions: Callable[..., Versions], seeds: range
) -> None:
    versions = make_versions(main=streamlit.SOURCE)
    streamlit.start()
    linked, unlinked = walk(versions, streamlit, seeds)
    print(f"{linked} traces with a version, {unlinked} without")
    assert linked > len(seeds)

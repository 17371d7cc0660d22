"""The advice in docs/long-lived-processes.md works with the real frameworks."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from support.background import wait_until
from support.sequences import traces
from support.servers_of_apps import Server
from support.stores import App, ready_versions

pytestmark = pytest.mark.long
_MODULE = (
    '{0}\nimport mlflow\n\nVALUE = "{1}"\n\n\n@mlflow.trace\ndef answer():\n    return VALUE\n'
)


def linked(app: App) -> list[tuple[str | None, object]]:
    """The version and the outputs of each trace."""
    versions = ready_versions(app.path)
    return [(versions.get(model or ""), outputs) for model, outputs in traces(app)]


def edit(app: App, name: str, content: str) -> str:
    """Write a file; the version of the app from then on."""
    time.sleep(0.05)
    app.write(name, content)
    time.sleep(0.05)
    return app.version


# Gunicorn ----------------------------------------------------------------------------------------

_WSGI = """
import os

def app(environ, start_response):
    if environ["PATH_INFO"] == "/trace":
        answer()
        mlflow.flush_trace_async_logging()
    start_response("200 OK", [])
    return [f"{VALUE} {os.getpid()}".encode()]
"""
_SHIM = "import gitver_hooks.shim"


class Gunicorn(Server):
    options: tuple[str, ...] = ()

    def command(self) -> list[str]:
        return ["gunicorn", "--bind", f"127.0.0.1:{self.port}", *self.options, "web:app"]


@pytest.fixture
def gunicorn(app: App) -> Iterator[Gunicorn]:
    pytest.importorskip("gunicorn", reason="needs `pip install -e '.[long]'`")
    with ExitStack() as stack:
        yield Gunicorn(app, stack)


def web(value: str) -> str:
    return _MODULE.format(_SHIM, value) + _WSGI


def test_gunicorn_runs_the_new_version_after_hup(app: App, gunicorn: Gunicorn) -> None:
    app.write("web.py", web("one"))
    commit = app.commit("first")
    gunicorn.start()
    gunicorn.get("/trace")
    edited = edit(app, "web.py", web("two"))
    gunicorn.get("/trace")
    assert gunicorn.process
    gunicorn.process.send_signal(signal.SIGHUP)
    wait_until(lambda: gunicorn.get("/").startswith("two"))
    gunicorn.get("/trace")
    assert linked(app) == [(commit, "one"), (commit, "one"), (edited, "two")]


def test_gunicorn_with_preload_keeps_the_version_that_it_loaded(
    app: App, gunicorn: Gunicorn
) -> None:
    gunicorn.options = ("--preload",)
    app.write("web.py", web("one"))
    commit = app.commit("first")
    gunicorn.start()
    gunicorn.get("/trace")
    edit(app, "web.py", web("two"))
    before = gunicorn.get("/")
    assert gunicorn.process
    gunicorn.process.send_signal(signal.SIGHUP)
    wait_until(lambda: gunicorn.get("/") != before)
    gunicorn.get("/trace")
    assert linked(app) == [(commit, "one"), (commit, "one")]


# Uvicorn -----------------------------------------------------------------------------------------

_ASGI = """
async def app(scope, receive, send):
    if scope["path"] == "/trace":
        answer()
        mlflow.flush_trace_async_logging()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": VALUE.encode()})
"""


class Uvicorn(Server):
    def command(self) -> list[str]:
        options = ["--reload", "--lifespan", "off", "--port", str(self.port)]
        return [sys.executable, "-m", "uvicorn", *options, "web:app"]


def test_uvicorn_runs_the_new_version_after_its_reload(app: App) -> None:
    app.write("web.py", _MODULE.format(_SHIM, "one") + _ASGI)
    commit = app.commit("first")
    with ExitStack() as stack:
        server = Uvicorn(app, stack)
        server.start()
        server.get("/trace")
        edited = edit(app, "web.py", _MODULE.format(_SHIM, "two") + _ASGI)
        wait_until(lambda: server.get("/") == "two")
        server.get("/trace")
    assert linked(app) == [(commit, "one"), (edited, "two")]


# Celery ------------------------------------------------------------------------------------------

_TASKS = """
import os
import celery

tasks = celery.Celery("tasks", broker="filesystem://", backend="file://" + os.environ["RESULTS"])
tasks.conf.broker_transport_options = {
    name + suffix: os.environ["BROKER"]
    for name in ("data_folder_", "control_folder")
    for suffix in (("in", "out") if name.endswith("_") else ("",))
}

@tasks.task
def trace():
    answer()
    mlflow.flush_trace_async_logging()
    return VALUE
"""


@contextmanager
def celery_worker(app: App) -> Iterator[None]:
    with open(app.path.parent / "celery.log", "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tasks", "worker", "--concurrency=1"],
            cwd=app.path,
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def run_task(app: App) -> str:
    code = "import tasks; print(tasks.trace.delay().get(timeout=240))"
    done = app.python(code)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_a_celery_worker_keeps_its_version_until_it_is_restarted(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("celery", reason="needs `pip install -e '.[long]'`")
    for name in ("BROKER", "RESULTS"):
        folder = app.path.parent / name.lower()
        folder.mkdir()
        monkeypatch.setenv(name, str(folder))
    app.write("tasks.py", _MODULE.format(_SHIM, "one") + _TASKS)
    commit = app.commit("first")
    with celery_worker(app):
        assert run_task(app) == "one"
        edited = edit(app, "tasks.py", _MODULE.format(_SHIM, "two") + _TASKS)
        assert run_task(app) == "one"
    with celery_worker(app):
        assert run_task(app) == "two"
    assert linked(app) == [(commit, "one"), (commit, "one"), (edited, "two")]


# Gradio ------------------------------------------------------------------------------------------

_GRADIO = """
import os
import gitver_hooks

gitver_hooks.activate()

import gradio
import mlflow

VALUE = "{0}"


def answer(question):
    gitver_hooks.activate()
    with mlflow.start_span("answer") as span:
        span.set_outputs(VALUE)
    mlflow.flush_trace_async_logging()
    return VALUE


demo = gradio.Interface(answer, "text", "text", api_name="answer")
demo.launch(server_port=int(os.environ["GRADIO_SERVER_PORT"]))
"""


class Gradio(Server):
    def command(self) -> list[str]:
        return ["gradio", "app.py"]

    def answer(self) -> str:
        code = (
            "import gradio_client, sys\n"
            f"client = gradio_client.Client('http://127.0.0.1:{self.port}', verbose=False)\n"
            "print(client.predict('why?', api_name='/answer'))"
        )
        done = self.app.python(code, self.app.path.parent)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def test_gradio_in_reload_mode_runs_the_new_version(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gradio", reason="needs `pip install -e '.[long]'`")
    app.write("app.py", _GRADIO.format("one"))
    commit = app.commit("first")
    with ExitStack() as stack:
        server = Gradio(app, stack)
        monkeypatch.setenv("GRADIO_SERVER_PORT", str(server.port))
        monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        server.start()
        assert server.answer() == "one"
        edited = edit(app, "app.py", _GRADIO.format("two"))
        # The first handlers that answer so may have begun before the file was executed again, or
        # while the version was being registered.
        wait_until(lambda: server.answer() == "two" and linked(app)[-1] == (edited, "two"))
        edited_again = edit(app, "app.py", _GRADIO.format("three"))
        wait_until(
            lambda: server.answer() == "three" and linked(app)[-1] == (edited_again, "three")
        )
    found = linked(app)
    assert found[0] == (commit, "one")
    assert {version for version, value in found if value == "one"} <= {commit, None}
    assert {version for version, value in found if value == "two"} <= {edited, None}
    assert {version for version, value in found if value == "three"} <= {edited_again, None}

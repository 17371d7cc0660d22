"""Apps behind a development server that reloads them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import urllib.request
from abc import ABC, abstractmethod
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from support.background import wait_until
from support.chromium import CHROMIUM, FLAGS
from support.sequences import Driver
from support.servers import free_port
from support.stores import App

_ASGI_APP = """
import os
import gitver_hooks
import first, second
from answering import answer

async def app(scope, receive, send):
    if scope["path"] == "/trace":
        gitver_hooks.activate()
        answer()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
"""


class Server(ABC):
    """A server's process, which can be stopped and started again."""

    def __init__(self, app: App, stack: ExitStack) -> None:
        self.app = app
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        stack.callback(self.stop)

    @abstractmethod
    def command(self) -> list[str]:
        """How to start the server on ``port``."""

    def start(self) -> None:
        with open(self.app.path.parent / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.app.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._answers)

    def stop(self) -> None:
        if self.process is not None:
            # Also what the server has started.
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(60)
            # Connections to the old port may linger.
            self.port = free_port()

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=120) as answer:
            text: str = answer.read().decode()
            return text

    def _answers(self) -> bool:
        try:
            self.get("/")
        except OSError:
            return False
        return True


class UvicornApp(Server, Driver):
    """``uvicorn --reload``, and requests that come before, during and after a reload."""

    def __init__(self, app: App, stack: ExitStack) -> None:
        super().__init__(app, stack)
        self.steps = {"wait for the reload": 2, "restart": 1}
        app.write("main.py", _ASGI_APP)
        self._reloading_from: str | None = None

    def get(self, path: str) -> str:
        answers: list[str] = []

        def answers_now() -> bool:
            try:
                answers.append(super(UvicornApp, self).get(path))
            except ConnectionError:
                # A reload resets the connections that wait for an answer.
                return False
            return True

        wait_until(answers_now)
        return answers[0]

    def command(self) -> list[str]:
        port = str(self.port)
        options = ["--reload", "--port", port, "--lifespan", "off"]
        return [sys.executable, "-m", "uvicorn", "main:app", *options]

    def take(self, step: str, choice: random.Random) -> None:
        if step == "restart":
            if choice.random() < 0.3:
                self.stop()
                self.start()
                self._reloading_from = None
        elif self._reloading_from is not None:
            before = self._reloading_from
            # It may have been over before `edited` asked, or uvicorn may not have seen the edit.
            with suppress(AssertionError):
                wait_until(lambda: self.get("/") != before, 10)
            self._reloading_from = None

    def trace(self) -> None:
        self.get("/trace")

    def edited(self, name: str) -> None:
        if name != "data" and self._reloading_from is None:
            self._reloading_from = self.get("/")


class StreamlitApp(Server, Driver):
    """A Streamlit server and a real browser, in which a button runs the script again."""

    SOURCE = """
import uuid

import gitver_hooks

active = gitver_hooks.activate()

import streamlit as st

import answering
import first
import second

st.button("Again")
"an expression that Streamlit shows"
answering.answer(main={0})
st.text(f"ran {uuid.uuid4()} as {active and active.version}")
"""

    def __init__(self, app: App, stack: ExitStack) -> None:
        api = pytest.importorskip("playwright.sync_api", reason="needs `pip install -e '.[long]'`")
        pytest.importorskip("streamlit", reason="needs `pip install -e '.[long]'`")
        if CHROMIUM is None:
            pytest.skip("needs Chromium (Debian's package `chromium`)")
        super().__init__(app, stack)
        self.steps = {"restart": 1}
        playwright = stack.enter_context(api.sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        stack.callback(browser.close)
        self._page: Any = browser.new_page()
        self._shown = ""

    def command(self) -> list[str]:
        options = {
            "server.port": self.port,
            "server.address": "127.0.0.1",
            "server.headless": "true",
            "browser.gatherUsageStats": "false",
        }
        chosen = [f"--{name}={value}" for name, value in options.items()]
        return [sys.executable, "-m", "streamlit", "run", "main.py", *chosen]

    def start(self) -> None:
        super().start()
        self._page.goto(f"http://127.0.0.1:{self.port}/")
        self._shown = self._wait_for_a_run()

    def take(self, step: str, choice: random.Random) -> None:
        if choice.random() < 0.3:
            self.stop()
            self.start()

    def trace(self) -> None:
        self._page.get_by_role("button", name="Again").click()
        self._shown = self._wait_for_a_run()

    def _wait_for_a_run(self) -> str:
        """What the script shows once it has run again."""
        text = self._page.get_by_text("ran ")

        def has_run() -> bool:
            shown: list[str] = text.all_inner_texts()
            return len(shown) == 1 and shown[0] != self._shown

        wait_until(has_run)
        (shown,) = text.all_inner_texts()
        return str(shown)

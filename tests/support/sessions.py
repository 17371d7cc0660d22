"""Runs the examples of a document, in their order, in one repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from support.documents import README, Document, Example
from support.git import Git

# The home folder and the server that the documents show.
HOME = "/home/me"
SERVER = "https://mlflow.example.com"
# What can run. Blocks in other languages (`text`, `json`) illustrate.
RUNNABLE = ("console", "sh", "python", "yaml", "dockerfile")

_END = "--- end of command, status "
# MLflow and alembic log with a date; Python's warnings name the file.
_LOG_LINE = re.compile(r"^\d{4}/\d\d/\d\d .*$|^.*Warning: .*$|^  warnings\.warn\(.*$", re.M)
_PATTERNS = (
    (r"\bm-[0-9a-f]{32}\b", "m-ID"),
    (r"\b[0-9a-f]{32}-dirty-[0-9a-f]{8}\b", "DIRTY-VERSION"),
    (r"\b[0-9a-f]{40}\b", "COMMIT"),
    (r"\b[0-9a-f]{8}\+[0-9a-f]{8}\b", "SHORT+DIGEST"),
    (r"-git-[0-9a-f]{8}-dirty-[0-9a-f]{8}\b", "-git-DIRTY"),
    (r"-git-[0-9a-f]{8}\b", "-git-CLEAN"),
    (r"\b[0-9a-f]{7,8}\b(?=[ .]|$)", "SHORT"),
    (r"\b\d+(\.\d+)+\b", "NUMBER"),
    (r"[ \t]+", " "),
    (r" +$", ""),
)


@dataclass
class Scene:
    """A repository ``shop`` in a home folder, and the server that stands for SERVER."""

    home: Path
    worktree: Path
    server: str = SERVER
    # What comes before PATH.
    binaries: Path | None = None

    def with_fresh_environment(self) -> Scene:
        """The same, with a new virtual environment active: examples may install into it."""
        folder = self.home / "fresh"
        if not folder.exists():
            venv.create(folder, with_pip=True)
        return replace(self, binaries=folder / "bin")

    def replaced(self, code: str) -> str:
        """The code of an example, with this machine's home and server."""
        return code.replace(SERVER, self.server).replace(HOME, str(self.home))

    def shown(self, text: str) -> str:
        """Output as the documents would show it: no log lines, ids and paths made alike."""
        text = text.replace(self.server, SERVER).replace(str(self.home), HOME)
        text = _LOG_LINE.sub("", text)
        # The setting that make_scene changes.
        text = re.sub(r"^setting +wait: .*$", "", text, flags=re.M)
        for pattern, name in _PATTERNS:
            text = re.sub(pattern, name, text, flags=re.M)
        return "".join(f"{line}\n" for line in text.splitlines() if line.strip())

    def bash(self, script: str) -> subprocess.CompletedProcess[str]:
        path = [str(self.binaries)] if self.binaries else []
        return subprocess.run(
            ["bash", "-c", script],
            env={**os.environ, "PATH": os.pathsep.join([*path, os.environ["PATH"]])},
            cwd=self.worktree,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def run_document(document: Document, scene: Scene, *, long: bool = False) -> None:
    """Run the examples of ``document``; those marked ``long`` only if asked for."""
    for example in document.examples:
        if example.language not in RUNNABLE or "not run" in example.directives:
            continue
        if "long" in example.directives and not long:
            continue
        try:
            _run(example, scene)
        except AssertionError as error:
            raise AssertionError(f"{document.name}, line {example.line}: {error}") from error


def _run(example: Example, scene: Scene) -> None:
    if "long" in example.directives:
        scene = scene.with_fresh_environment()
    if "setup" in example.directives:
        done = scene.bash("set -e\n" + scene.replaced(example.directives["setup"]))
        assert done.returncode == 0, done.stdout
    code = scene.replaced(example.code)
    if "file" in example.directives:
        path = scene.worktree / example.directives["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    if example.language == "console":
        _run_session(example, scene)
    elif example.language == "yaml":
        yaml.safe_load(code)
    elif "file" in example.directives:
        return
    elif example.language == "sh":
        done = scene.bash(f"set -e\n{code}")
        assert done.returncode == 0, done.stdout
    elif example.language == "python":
        command = f"{sys.executable} - <<'END_OF_EXAMPLE'\n{code}\nEND_OF_EXAMPLE\n"
        done = scene.bash(command)
        assert done.returncode == 0, done.stdout
    else:
        raise AssertionError(f"say how to run this {example.language} block: `not run`, or `file`")


def commands_of(session: str) -> list[tuple[str, str]]:
    """The (command, expected output) pairs of a session; ``> `` continues a command."""
    pairs: list[tuple[str, str]] = []
    for line in session.splitlines():
        if line.startswith("$ "):
            pairs.append((line[2:], ""))
        elif line.startswith("> ") and pairs and not pairs[-1][1]:
            pairs[-1] = (f"{pairs[-1][0]}\n{line[2:]}", "")
        else:
            assert pairs, f"a session starts with a command: {line!r}"
            command, output = pairs[-1]
            pairs[-1] = (command, f"{output}{line}\n")
    return pairs


def _run_session(example: Example, scene: Scene) -> None:
    """Run all commands in one shell; compare what each prints, where ``...`` is any lines."""
    pairs = commands_of(example.code)
    script = "".join(
        f"{scene.replaced(command)}\nstatus=$?; echo; echo '{_END}'$status\n"
        for command, _ in pairs
    )
    done = scene.bash(script)
    outputs = re.split(rf"^{re.escape(_END)}(\d+)\n", done.stdout, flags=re.M)
    assert len(outputs) == 2 * len(pairs) + 1, f"the shell stopped early: {done.stdout}"
    for (command, expected), output, status in zip(
        pairs, outputs[0::2], outputs[1::2], strict=False
    ):
        wanted, seen = scene.shown(scene.replaced(expected)), scene.shown(output)
        pattern = "".join(
            "(?:.*\n)*" if line.strip() == "..." else re.escape(line)
            for line in wanted.splitlines(keepends=True)
        )
        assert re.fullmatch(pattern, seen), f"$ {command}\nshown:\n{wanted}\nprinted:\n{seen}"
        assert status == example.directives.get("exits", "0"), f"$ {command}: exit status {status}"


@pytest.fixture
def make_scene(
    isolated: Path,
    make_git: Callable[..., Git],
    pristine_store: Path,
    published: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Scene]:
    """``make_scene(server=SERVER, empty=False)``: a repository with an embedded store and a commit.

    The commit contains the README's app.py, the store no models. An ``empty`` scene has neither.
    """
    # A registration takes longer on a loaded machine than the documents assume.
    monkeypatch.setenv("GITVER_WAIT", "120")
    monkeypatch.setenv("COLUMNS", "100")
    # Prompts and pagers have no place in a session.
    monkeypatch.setenv("GIT_PAGER", "cat")

    def make(server: str = SERVER, *, empty: bool = False) -> Scene:
        git = make_git("shop")
        if not empty:
            shutil.copy(pristine_store, git.path / "mlflow.db")
            git.write(".gitignore", "mlflow.db*\n__pycache__/\n")
            git.write("app.py", app_of_the_readme())
            git.commit("First prompt")
        return Scene(git.path.parent, git.path, server)

    return make


def app_of_the_readme() -> str:
    (app,) = [
        example.code
        for example in README.examples
        if example.language == "python" and example.directives.get("file") == "app.py"
    ]
    return app

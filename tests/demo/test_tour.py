"""``gitver demo``: it names the real cause of a failure, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = [sys.executable, "-m", "gitver_hooks", "demo"]


def processes_in(folder: Path) -> list[str]:
    """The command lines that name ``folder``."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in command:
            found.append(command.decode(errors="replace"))
    return found


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of the processes that a test starts."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.mark.parametrize(
    ("number", "status", "step"),
    [
        (signal.SIGINT, 130, "$ gitver model"),
        (signal.SIGTERM, 143, "$ gitver model"),
        (signal.SIGHUP, 129, "$ gitver install"),
    ],
)
def test_an_interrupted_demo_leaves_no_files_and_no_processes(
    number: signal.Signals, status: int, step: str, temporary: Path, tmp_path: Path
) -> None:
    with subprocess.Popen(
        DEMO,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        # Where the tests run in the background, a shell has them ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as demo:
        assert demo.stdout
        for line in demo.stdout:
            if line.startswith(step):
                demo.send_signal(number)
                break
        demo.stdout.read()
    assert demo.returncode == status
    assert list(temporary.iterdir()) == []
    assert processes_in(temporary) == []


def test_a_demo_whose_registration_takes_longer_than_gitver_wait_says_so(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITVER_WAIT", "0.01")
    result = subprocess.run(DEMO, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "has not answered within 0.01 s" in line
    assert list(temporary.iterdir()) == []
    assert processes_in(temporary) == []


@pytest.mark.long
def test_twenty_demos_succeed_beside_two_busy_loops(temporary: Path, tmp_path: Path) -> None:
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        for _ in range(20):
            done = subprocess.run(DEMO, cwd=tmp_path, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
            assert list(temporary.iterdir()) == []
    finally:
        for process in busy:
            process.kill()
            process.wait()

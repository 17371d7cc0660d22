"""What reaches MLflow: the scanned diff and masked params, never the unscanned ones."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

from support.background import wait_for_background
from support.git import Git
from support.locations import location_of
from support.secret_samples import KEYS
from support.stores import App, model_of

from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.recording.outbox import Outbox
from gitver_hooks.recording.register import register
from gitver_hooks.recording.safe_to_send import safe_to_send
from gitver_hooks.registry.registration import Registration
from gitver_hooks.version.diff import Diff, FilePatch

KEY = KEYS["Anthropic"]


def registration(**values: object) -> Registration:
    store = Store("http://localhost:5000", Experiment())
    return Registration("v", "n", store, **values)  # type: ignore[arg-type]


def test_the_diff_becomes_a_tag_without_secrets() -> None:
    diff = Diff((FilePatch("a.py", f"+{KEY}\n"), FilePatch("b.py", "+fine\n")))
    sent = safe_to_send(registration(diff=diff.to_json(), tags={"gitver.version": "v"}))
    assert sent.diff == ""
    assert sent.tags["gitver.version"] == "v"
    assert "+fine\n" in sent.tags["gitver.diff"]
    assert KEY not in repr(sent)


def test_a_diff_that_cannot_be_read_is_not_sent() -> None:
    sent = safe_to_send(registration(diff=f"+{KEY}\n"))
    assert sent.tags["gitver.diff"] == "# not shown: the recorded diff cannot be read\n"


def test_params_and_texts_that_quote_the_user_are_masked() -> None:
    tags = {"mlflow.note.content": f"Remove {KEY}", "mlflow.source.name": f"1234 Remove {KEY}"}
    sent = safe_to_send(registration(tags=tags, params={"llm.password": "x", "note": KEY}))
    assert sent.tags["mlflow.note.content"] == "Remove ***"
    assert KEY not in repr(sent)
    assert sent.params["llm.password"] == "***"
    assert "gitver.diff" not in sent.tags


def test_no_secret_of_the_worktree_reaches_the_store(app: App) -> None:
    app.commit("first")
    app.write("config.py", f"KEY = '{KEY}'\n")
    app.write("app.py", "changed\n")
    location = location_of(app.path)
    recorded = register(location, os.environ).recorded
    wait_for_background(app.path)
    model = model_of(app.store, recorded.version.id)
    assert "+changed" in model.tags["gitver.diff"]
    assert "config.py" in model.tags["gitver.diff"]
    assert KEY.encode() not in Path(app.store).read_bytes()


def test_an_unscanned_diff_waits_in_a_private_file(git: Git) -> None:
    location = location_of(git.path)
    outbox = Outbox(location)
    outbox.put(registration(diff=Diff((FilePatch("a.py", f"+{KEY}\n"),)).to_json()))
    (entry,) = outbox.waiting()
    assert KEY in entry.registration.diff
    assert stat.S_IMODE(os.stat(entry.path).st_mode) == 0o600
    outbox.note(entry, "nothing answers")
    assert stat.S_IMODE(os.stat(entry.path).st_mode) == 0o600


def test_hooks_and_apps_do_not_load_the_scanner() -> None:
    program = (
        "import sys, gitver_hooks.cli, gitver_hooks.commands.hook\n"
        "import gitver_hooks.runtime.activation\n"
        "import gitver_hooks.recording.record, gitver_hooks.recording.describe\n"
        "print('detect_secrets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr

"""What crosses the wall from the recording half to an app is read back unchanged."""

from __future__ import annotations

from gitver_hooks.handover.active_state import ActiveState
from gitver_hooks.handover.refreshed import Refreshed


def test_a_state_and_a_problem_are_read_back() -> None:
    state = ActiveState(version="v\n1", model_id="m-1", tracking_uri="sqlite:///a\\nb")
    hint = "add `/\\*\\n\udcff\n`"
    read = Refreshed.decode(Refreshed(state, "line\ttab", failed=True, hint=hint).encode())
    assert read is not None
    assert read.state is not None
    assert (read.state.version, read.state.model_id) == ("v\n1", "m-1")
    assert read.state.tracking_uri == "sqlite:///a\\nb"
    assert (read.problem, read.failed, read.stale) == ("line\ttab", True, False)
    assert read.hint == hint


def test_an_unknown_store_stays_unknown() -> None:
    read = Refreshed.decode(Refreshed(problem="not allowed", failed=True).encode())
    assert read is not None
    assert read.state is None


def test_an_incomplete_result_is_rejected() -> None:
    content = Refreshed(ActiveState(model_id="m-1")).encode()
    assert all(Refreshed.decode(content[:end]) is None for end in range(len(content) - 1))

"""What failures say: the right line, the right remedy, and never a password."""

from __future__ import annotations

from gitver_hooks.registry.failures import MLflowFailure, explain


def test_any_exception_becomes_one_bounded_line() -> None:
    error = RuntimeError("one\ntwo http://ada:geheim@host/ " + "long " * 1000)
    failure = explain(error, "http://ada:geheim@host")
    assert "\n" not in str(failure)
    assert len(str(failure)) < 500
    assert "geheim" not in str(failure)
    assert failure.message.startswith("MLflow at http://host failed: one two http://***@host/")
    assert not failure.permanent


def test_a_failure_that_is_explained_already_stays() -> None:
    failure = MLflowFailure("what", "remedy", permanent=True)
    assert explain(failure, "http://host") is failure

"""Encodes the recording half's answer to an app whose active-model file is missing or stale.

Standard library only. It is passed as text, on the standard output of ``gitver refresh``.
"""

from __future__ import annotations

from gitver_hooks.handover.active_state import ActiveState, decode_fields, encode_fields


class Refreshed:
    """The state for an app to use, and lines to print.

    ``state`` says where MLflow is; its ``model_id`` is empty if the app gets no model. It is None
    if the store is unknown or not allowed. ``problem`` says in one line why there is no model, or
    is empty. ``failed``: because of an error. ``stale``: because the rule is ``error``. ``hint`` is
    another line to print, or empty, whether or not there is a model.
    """

    __slots__ = ("failed", "hint", "problem", "stale", "state")

    def __init__(
        self,
        state: ActiveState | None = None,
        problem: str = "",
        failed: bool = False,
        stale: bool = False,
        hint: str = "",
    ) -> None:
        self.state = state
        self.problem = problem
        self.failed = failed
        self.stale = stale
        self.hint = hint

    def encode(self) -> bytes:
        """The text form, which ``decode`` reads back."""
        fields = {"problem": self.problem, "hint": self.hint}
        if self.state is not None:
            fields |= {name: getattr(self.state, name) for name in ActiveState.FIELDS}
        for name in ("failed", "stale"):
            if getattr(self, name):
                fields[name] = "true"
        return encode_fields(fields)

    @classmethod
    def decode(cls, content: bytes) -> Refreshed | None:
        """The result that ``encode`` wrote; None if ``content`` is truncated."""
        fields = decode_fields(content)
        if fields is None:
            return None
        problem, hint = fields.pop("problem", ""), fields.pop("hint", "")
        failed, stale = fields.pop("failed", ""), fields.pop("stale", "")
        state = ActiveState(**fields) if fields else None
        return cls(state, problem, bool(failed), bool(stale), hint)

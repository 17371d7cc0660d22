"""Which modules autoreload can bring up to date piece by piece."""

from __future__ import annotations

import pytest

from gitver_hooks.runtime.partial_reloads import computes_nothing

_PLAIN = '''
"""A module."""
import os
from json import dumps as to_json

PROMPT: str = "Be brief." "Always."
LIMITS = {"tokens": [1, -2], "price": (0.5 + 1,)}
unset: int

def answer(question, prompt="none", *, limit=3): return os.path, to_json(LIMITS)

class Answer:
    """A class."""
    text = ""
    def shown(self): return self.text
'''


def test_a_module_of_constants_and_plain_definitions_computes_nothing() -> None:
    assert computes_nothing(_PLAIN)


@pytest.mark.parametrize(
    "statement",
    [
        "PROMPT = TEMPLATE",
        "client = Client()",
        "f'{PROMPT}'",
        "del PROMPT",
        "if True: pass",
        "def answer(prompt=PROMPT): pass",
        "def answer(*, prompt=PROMPT): pass",
        "@traced\ndef answer(): pass",
        "class Answer(Base): pass",
        "class Answer(metaclass=Meta): pass",
        "@traced\nclass Answer: pass",
        "class Answer:\n    prompt = PROMPT",
    ],
)
def test_a_module_with_anything_else_computes_something(statement: str) -> None:
    assert not computes_nothing(f"{_PLAIN}\n{statement}\n")


def test_a_module_without_a_known_source_may_compute_anything() -> None:
    assert not computes_nothing("")

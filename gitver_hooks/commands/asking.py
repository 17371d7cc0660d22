"""Asks the person at the terminal."""

from __future__ import annotations

import sys

from gitver_hooks.common.printing import prompt


def can_ask() -> bool:
    """Whether standard input and output are a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def confirm(question: str) -> bool:
    """Ask a yes/no question; whether the answer is yes."""
    prompt(f"{question} [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")

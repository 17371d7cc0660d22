"""Defines a finding: what one check says about one topic."""

from __future__ import annotations

from typing import NamedTuple

OK = "ok"
WARNING = "warning"
PROBLEM = "problem"


class Finding(NamedTuple):
    """The result of a check. A warning may be intended; a problem loses versions or traces."""

    topic: str
    level: str
    message: str
    remedy: str = ""

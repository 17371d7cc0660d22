"""Recognises MLflow's model ids, so that nothing else is stored or written to a file.

MLflow writes ``m-`` and the 32 lower-case hexadecimal digits of a random UUID: its SQL stores, its
file store and its servers from 3.1 on (``create_logged_model`` in ``mlflow/store/tracking``), and
Databricks.
"""

from __future__ import annotations

_PREFIX = "m-"
_DIGITS = 32


def is_model_id(text: object) -> bool:
    """Whether ``text`` is a model id as MLflow makes them."""
    if not isinstance(text, str) or not text.startswith(_PREFIX):
        return False
    digits = text[len(_PREFIX) :]
    return len(digits) == _DIGITS and all(digit in "0123456789abcdef" for digit in digits)

"""Printed text: one visible line, whatever hostile names and messages contain."""

from __future__ import annotations

import ast
import io
import json
import sys
import unicodedata
from pathlib import Path

import pytest

import gitver_hooks
from gitver_hooks.common.printing import printable, say, show, show_json

HOSTILE = {
    "\x1b]0;title\x07": "\\x1b]0;title\\x07",
    "\x1b[2K\r": "\\x1b[2K\\r",
    "a\nb": "a\\nb",
    "\x9b31m": "\\x9b31m",
    "\x7f": "\\x7f",
    "app\u202egnp.py": "app\\u202egnp.py",
    "\u2066x\u2069": "\\u2066x\\u2069",
    "\u2028\u2029": "\\u2028\\u2029",
    "\udcff": "\\udcff",
    "\u200b": "\\u200b",
    "\U000e0041": "\\U000e0041",
}


@pytest.mark.parametrize("text", HOSTILE)
def test_what_could_change_the_terminal_is_escaped(text: str) -> None:
    assert printable(f"branch {text}") == f"branch {HOSTILE[text]}"


def test_every_character_is_printed_as_visible_text_on_one_line() -> None:
    dangerous = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    for code in range(sys.maxunicode + 1):
        shown = printable(chr(code))
        if len(shown) == 1:
            assert unicodedata.category(shown) not in dangerous


@pytest.mark.parametrize("text", ["Grüße, 世界 🎉", "C:\\x1b", 'tab\'s "quotes"'])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_a_message_is_one_escaped_line_without_credentials(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say("one\ntwo \x1b[31m http://ada:s3cret@host tok-en", {"MLFLOW_TRACKING_TOKEN": "tok-en"})
    assert capsys.readouterr().err == "gitver: one\\ntwo \\x1b[31m http://***@host ***\n"


def test_a_closed_error_stream_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (closed, None):
        monkeypatch.setattr(sys, "stderr", stream)
        say("nobody reads this", {})


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", "é \\x1b 世\n"), ("latin-1", "é \\x1b \\u4e16\n")]
)
def test_a_line_is_shown_in_the_encoding_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch, encoding: str, shown: str
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    show("é \x1b 世")
    sys.stdout.flush()
    assert raw.getvalue().decode(encoding) == shown


def test_json_stays_json_and_is_safe_to_look_at(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"branch": "".join(HOSTILE), "empty": []}
    show_json(value)
    output = capsys.readouterr().out
    assert json.loads(output) == value
    assert all(line.isprintable() and line.isascii() for line in output.splitlines())


# These print only what they have written themselves: a script, and the steps of the demo.
MAY_PRINT = {"commands/completion.py", "commands/demo.py", "demo/tour.py"}


def test_no_other_module_prints_on_its_own() -> None:
    root = Path(gitver_hooks.__file__).parent
    for path in root.rglob("*.py"):
        if str(path.relative_to(root)) in MAY_PRINT:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or path.name == "printing.py":
                continue
            is_print = ast.unparse(node.func) in ("print", "sys.stdout.write")
            is_literal = all(isinstance(argument, ast.Constant) for argument in node.args)
            assert is_literal or not is_print, f"{path} prints: {ast.unparse(node)}"

"""Prints on terminals and pipes, and escapes all text that is printed or logged.

Names of files and branches, subjects, settings and answers of servers may contain control
sequences that rewrite the screen, marks that reorder the text around them, or line breaks that fake
another message. Standard library only.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def printable(text: str) -> str:
    """``text`` as one line in which each character is visible.

    Every character that Python does not count as printable (``str.isprintable``) is written as
    its escape, as in ``\\x1b`` or ``\\u202e``: C0 and C1 control characters, DEL, line breaks,
    bidirectional and other format characters, spaces other than U+0020, and lone surrogates.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )


def say(message: object, environment: Mapping[str, str] | None = None) -> None:
    """Print one line on standard error, escaped and without credentials.

    The passwords in ``environment`` are masked wherever they occur in the message. Never raises,
    whatever the state of the stream.
    """
    from gitver_hooks.common.masking import mask

    try:
        sys.stderr.write(f"gitver: {printable(mask(str(message), environment=environment))}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass


def say_on_terminal(message: object) -> None:
    """Print one line on standard error, as ``say`` does, if that is a terminal.

    For messages of our own: no passwords are known here.
    """
    try:
        on_terminal = sys.stderr.isatty()
    except (OSError, ValueError, AttributeError):
        return
    if on_terminal:
        say(message)


def show(line: str = "") -> None:
    """Print one line of a command's output on standard output, escaped.

    Raises BrokenPipeError if the reader of the output is gone.
    """
    sys.stdout.write(_encodable(line) + "\n")


def prompt(question: str) -> None:
    """Print a question on standard output, escaped, and leave the cursor behind it."""
    sys.stdout.write(_encodable(question))
    sys.stdout.flush()


def _encodable(text: str) -> str:
    """``text`` as visible characters that standard output can encode."""
    encoding = sys.stdout.encoding or "utf-8"
    return printable(text).encode(encoding, "backslashreplace").decode(encoding)


def shortened(text: str, longest: int) -> str:
    """``text``, cut to ``longest`` characters of which the last one is then an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def show_json(value: object) -> None:
    """Print ``value`` as JSON in ASCII on standard output."""
    import json

    # The encoder escapes everything but DEL.
    for line in json.dumps(value, indent=2).replace("\x7f", "\\u007f").splitlines():
        show(line)

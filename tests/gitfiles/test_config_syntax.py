"""The syntax of git's configuration files, compared with `git config --list`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gitver_hooks.gitfiles.config_syntax import ConfigSyntaxError, entries

ACCEPTED = (
    b"",
    b"[core]\n\tbare = false\n",
    b"[CORE]\n\tFileMode = TRUE\n[core]filemode=false\n",
    b'[remote "Origin"]\n\turl = a\n[remote "origin"]\n\turl = b\n',
    b'[branch "fe\\"at\\\\ure/x]y"]\n\tremote = .\n',
    b"[branch.Main]\n\tremote = .\n",
    b'[a]\nk\n[b]k=\n[c]\nk = ""\n',
    b'[a]\nk = " leading and trailing " \t\n',
    b'[a]\nk = one  two three   # comment\nl = 1;2\nm = "1;2" # "\n',
    b'[a]\nk = \\"\\\\\\t\\n\\b.\n',
    b"[a]\nk = one \\\n  two\\\nthree\n",
    b'[a]\nk = "one \\\n  two"\n',
    b"[a]\r\n\tk = v\r\n\tl = w \r\n",
    b"\xef\xbb\xbf[a]\nk = v",
    b"# comment\n ; another\n[a] ; here\nk-2 = v # there\n",
    b"[a]\nk = \xff\xfe\n",
    b'[a "\xff"]\nk = v\n',
    b"[a]k = v\n[b] k = v\n",
)
REFUSED = (
    b"no section = v\n",
    b"[a\nk = v\n",
    b"[a b]\nk = v\n",
    b'[a "b]\nk = v\n',
    b'[a "b" ]\nk = v\n',
    b"[a]\n2k = v\n",
    b"[a]\nk_2 = v\n",
    b'[a]\nk = "v\n',
    b"[a]\nk = \\x\n",
    b"[a]\nk # comment\n",
    b"[a]\n= v\n",
    b"[]\nk = v\n",
)


def listed(path: Path) -> list[bytes] | None:
    """What git lists, as ``section.subsection.name\\nvalue``; None if it cannot parse the file."""
    done = subprocess.run(
        ["git", "config", "--null", "--list", "--file", str(path)], capture_output=True
    )
    return done.stdout.split(b"\0")[:-1] if done.returncode == 0 else None


def read(content: bytes) -> list[bytes]:
    return [
        b".".join((*section, name)) + (b"" if value is None else b"\n" + value)
        for section, name, value in entries(content)
    ]


@pytest.mark.parametrize("content", ACCEPTED)
def test_a_file_is_read_as_git_reads_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config"
    path.write_bytes(content)
    assert read(content) == listed(path)


@pytest.mark.parametrize("content", REFUSED)
def test_what_git_refuses_is_refused_with_its_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config"
    path.write_bytes(b"# first\n" + content)
    assert listed(path) is None
    with pytest.raises(ConfigSyntaxError, match=r"line [23]$"):
        read(path.read_bytes())

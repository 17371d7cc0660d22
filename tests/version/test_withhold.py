"""Only what holds no secret leaves the machine; the acceptance figures of the scan."""

from __future__ import annotations

import os
import sysconfig
import time
from pathlib import Path

import pytest
from support.git import Git
from support.secret_samples import KEYS, SECRET_NAMES

from gitver_hooks.repository.repository import open_repository
from gitver_hooks.version.diff import Diff, FilePatch, write_diff
from gitver_hooks.version.secret_names import has_secret_name
from gitver_hooks.version.secret_values import find_secret
from gitver_hooks.version.withhold import mask_params, secret_kind, withhold_secrets
from gitver_hooks.worktree.content import read_content

KEY = KEYS["OpenAI"]


def diff_of(git: Git) -> Diff:
    with open_repository(git.path, os.environ) as repository:
        return write_diff(read_content(repository))


def test_a_file_with_a_key_is_named_with_the_kind_and_not_shown(git: Git) -> None:
    git.commit("more", **{"config.py": "KEY = None\n", "other.py": "x = 1\n"})
    git.write("config.py", f"KEY = '{KEY}'\n")
    git.write("other.py", "x = 2\n")
    git.write("new/untracked.py", f"# {KEY}\n")
    text = withhold_secrets(diff_of(git))
    assert KEY not in text
    assert "# not shown (may contain a secret: OpenAI key): config.py\n" in text
    assert "# not shown (may contain a secret: OpenAI key): new/untracked.py\n" in text
    assert "+x = 2\n" in text
    assert "KEY =" not in text


@pytest.mark.parametrize("side", ["removed", "context"])
def test_a_key_in_a_context_line_is_withheld_too(git: Git, side: str) -> None:
    git.commit("more", **{"config.py": f"KEY = '{KEY}'\nx = 1\n"})
    git.write("config.py", "x = 1\n" if side == "removed" else f"KEY = '{KEY}'\nx = 2\n")
    assert KEY not in withhold_secrets(diff_of(git))


def test_the_syntax_of_the_file_is_known_even_if_its_name_is_quoted(git: Git) -> None:
    git.write("größe.yaml", "password: hunter22\n")
    assert "hunter22" not in withhold_secrets(diff_of(git))


def test_withholding_never_makes_a_diff_longer() -> None:
    kinds = {kind for key in KEYS.values() if (kind := find_secret("x", key))}
    patch = "diff --git a/x b/x\nindex 0..1\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n+" + "k" * 80
    assert max(map(len, kinds)) + len("# not shown (may contain a secret: ): x\n") < len(patch)


def test_a_damaged_diff_is_refused() -> None:
    for text in ("", "[]", "{}", '{"patches": [1], "notes": []}'):
        with pytest.raises(ValueError):
            Diff.from_json(text)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("db.password", "x"),
        ("llm.api_key", "abc"),
        ("llm.apiKey", "abc"),
        ("smtp.pwd", "123456"),
        ("oauth.client_secret", "x"),
        ("auth_token", "a1b2c3d4e5f6"),
        ("hub.token", "a1b2c3d4e5f6"),
        ("azure.connection_string", "Server=x"),
        ("comment", KEY),
        ("database", "postgresql://ada:s3cret@db/shop"),
    ],
)
def test_a_param_that_looks_like_a_secret_is_masked(key: str, value: str) -> None:
    masked = mask_params({key: value, "other": "1"})
    assert value not in masked[key]
    assert "***" in masked[key]
    assert masked["other"] == "1"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("llm.model", "gpt-5-mini-2025-08-07"),
        ("llm.max_tokens", "4096"),
        ("llm.eos_token", "<|endoftext|>"),
        ("llm.api_key", "null"),
        ("cache.key", "user_id"),
        ("retriever.top_k", "5"),
        ("prompt", "Answer in one sentence. Be brief!"),
        ("commit", "3f786850e387550fdab836ed7e6dc881de23001b"),
        ("server", "http://localhost:5000"),
    ],
)
def test_an_ordinary_param_stays_as_it_is(key: str, value: str) -> None:
    assert mask_params({key: value}) == {key: value}


def test_the_kind_of_secret_in_a_file() -> None:
    assert secret_kind("deep/.env", b"") == "its name suggests a secret"
    assert secret_kind("private/x", b"", ["private"]) == "its name suggests a secret"
    assert secret_kind("app.py", f"k = '{KEY}'".encode()) == "OpenAI key"
    assert secret_kind("latin.py", f"é {KEY}".encode("latin-1")) == "OpenAI key"
    assert secret_kind("data.bin", b"\0\xff" + KEY.encode() + b"\0") == "OpenAI key"
    assert secret_kind("app.py", b"print('hello')\n") is None


def test_most_secrets_are_found_with_few_false_alarms(git: Git) -> None:
    """Prints the figures; ``pytest -s`` shows them."""
    names = sum(map(has_secret_name, SECRET_NAMES))
    keys = sum(find_secret("config.py", f"KEY = '{key}'\n") is not None for key in KEYS.values())
    root = Path(sysconfig.get_path("purelib"), "mlflow", "tracing")
    files = list(root.rglob("*.py"))
    flagged = [path for path in files if secret_kind(path.name, path.read_bytes())]
    lines = "".join(f"def function_{n}(value):\n    return value + {n}\n" for n in range(200))
    for number in range(100):
        git.write(f"module_{number}.py", lines)
    git.commit("modules")
    for number in range(100):
        changed = lines.replace(f"value + {number}\n", f"value - {number}\n")
        git.write(f"module_{number}.py", changed)
    with open_repository(git.path, os.environ) as repository:
        content = read_content(repository)
        started = time.process_time()
        diff = write_diff(content)
        written = time.process_time()
        withhold_secrets(diff)
        scanned = time.process_time()
    print(
        f"\nfile names withheld: {names} of {len(SECRET_NAMES)}"
        f"\nkeys withheld: {keys} of {len(KEYS)}"
        f"\nfiles flagged in mlflow.tracing: {len(flagged)} of {len(files)}"
        f"\ndiff of 100 files: {len(diff.patches)} patches written in {written - started:.2f} s,"
        f" scanned in {scanned - written:.2f} s (CPU time)"
    )
    assert names == len(SECRET_NAMES) >= 84
    assert keys == len(KEYS)
    assert len(flagged) <= len(files) / 50
    assert len(diff.patches) == 100
    # The criterion is one second on an idle machine.
    assert scanned - started < 3


def test_the_scan_verifies_no_key_over_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import socket

    def refuse(*arguments: object) -> None:
        raise AssertionError("no connection may be opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for name, key in KEYS.items():
        patch = FilePatch("x.py", f"+k = '{key}'\n".replace("\n", "\n+"))
        assert withhold_secrets(Diff((patch,))).startswith("# not shown"), name

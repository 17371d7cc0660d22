"""Secrets in text are found, whatever surrounds them; ordinary code is left alone."""

from __future__ import annotations

import sysconfig
import time
from pathlib import Path

import pytest
from support.secret_samples import KEYS

from gitver_hooks.version.secret_values import find_secret, mask_secrets


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("template", ["{}", 'client(key="{}")', "key: {}", "# {} (old)"])
def test_a_key_is_found_in_code_configuration_and_comments(kind: str, template: str) -> None:
    if "\n" in KEYS[kind] or '"' in KEYS[kind]:
        template = "{}"
    text = f"import app\n\n{template.format(KEYS[kind])}\nprint('hello')\n"
    assert find_secret("config.py", text)


@pytest.mark.parametrize(
    ("path", "text"),
    [("app.yaml", "password: hunter22"), (".ini", "x"), ("app.toml", "api_key = 'a1b2-c3d4'")],
)
def test_assignments_are_read_in_the_syntax_of_the_file(path: str, text: str) -> None:
    assert (find_secret(path, text) is not None) is (len(text) > 1)


@pytest.mark.parametrize(
    "text",
    [
        'api_key = os.environ["OPENAI_API_KEY"]',
        'password = getpass.getpass("Password: ")',
        'OPENAI_API_KEY = "OPENAI_API_KEY"',
        'api_key="your-api-key-here"',
        'api_key = "sk-..."',
        'password = "<password>"',
        "password: ${DB_PASSWORD}",
        "url = 'postgresql://user:<password>@host/db'",
        "url = f'https://{user}:{password}@host/'",
        "max_tokens = 4096",
        'token_type = "bearer"',
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        '"integrity": "sha512-' + "a1B2" * 21 + 'a1=="',
        "id = '123e4567-e89b-12d3-a456-426614174000'",
        "class='sk-toggleable__content sk-estimator-doc-link'",
        "\n".join(["0" * 64] * 4),
    ],
)
def test_ordinary_lines_raise_no_alarm(text: str) -> None:
    assert find_secret("config.py", text) is None
    assert mask_secrets(text) == text


def test_a_secret_is_masked_within_its_text() -> None:
    key = KEYS["OpenAI"]
    assert mask_secrets(f"rotate {key}, it leaked") == "rotate ***, it leaked"


@pytest.mark.parametrize("package", ["setuptools", "dulwich"])
def test_few_files_of_an_ordinary_codebase_are_flagged(package: str) -> None:
    root = Path(sysconfig.get_path("purelib"), package)
    files = [path for path in root.rglob("*") if path.suffix in (".py", ".txt", ".toml", ".rs")]
    flagged = [path for path in files if find_secret(path.name, path.read_text("utf-8", "replace"))]
    assert len(flagged) <= len(files) / 50


def test_a_password_in_a_very_long_line_is_found() -> None:
    assert find_secret("bundle.js", "x" * 3_000 + ' db_password = "hunter22" ' + "y" * 3_000)


def test_the_time_grows_with_the_length_of_a_line_and_no_faster() -> None:
    def seconds(times: int) -> float:
        started = time.process_time()
        for text in ("password", "aws", "eyJa", "key=", "://a:"):
            find_secret("x.py", text * times)
        return time.process_time() - started

    seconds(1)
    assert seconds(1_000) < 40 * max(seconds(100), 0.02)


# Each made the patterns take 4 to 21 s: they tried one word again from every position.
SLOW = {
    "keyword": "secret",
    "JSON Web Token": "eyJ",
    "Slack": "xoxb-",
    "Tavily": "tvly-",
    "Azure": "JQQJ99 " + "a" * 90_000,
    "OpenAI": "T3BlbkFJ " + "sk-" * 30_000,
    "spaces": ("secret" + " " * 44) * 8 + "\n",
    "suffix": "secret" * 8 + "a" * 340 + "\n",
    "quotes": ("secret" + "a" * 20 + "'" + "b" * 20 + '"') * 8 + "\n",
}


@pytest.mark.parametrize("unit", SLOW.values(), ids=SLOW)
def test_no_diff_makes_the_search_take_long(unit: str) -> None:
    text = (unit * (90_000 // len(unit) + 1))[:90_000]
    started = time.process_time()
    find_secret("a.py", text)
    # 0.4 s at most on an idle machine.
    assert time.process_time() - started < 2


@pytest.mark.parametrize("start", range(300, 420, 20))
def test_a_secret_in_a_long_line_is_found_wherever_it_is(start: int) -> None:
    assert find_secret("a.json", "x" * start + ', "password": "hunter22-and-more"')

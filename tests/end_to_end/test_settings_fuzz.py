"""With any ``.gitver.yaml``, a hook prints at most one line and changes only its own files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.git import Git
from support.hooks import listing

from gitver_hooks.commands.hook import run_hook
from gitver_hooks.settings.keys import KEYS

_TEXTS = st.text() | st.sampled_from(
    ["\x1b[2J", "\u202e", "a\n*", "../outside", "/etc/passwd", ".git/config", "off", "sqlite:///a"]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS | st.binary() | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(_TEXTS | st.integers(), inner),
    max_leaves=10,
)
_MAPPINGS = st.dictionaries(st.sampled_from([*KEYS]), _VALUES, max_size=4).map(
    lambda mapping: yaml.safe_dump(mapping, allow_unicode=True).encode("utf-8", "replace")
)
_ONE_SETTING = st.builds(
    lambda key, text: f"{key}: {text}\n".encode("utf-8", "replace"),
    st.sampled_from([*KEYS]),
    _TEXTS,
)
_LARGE = st.builds(
    lambda piece, count: (piece * count)[: (1 << 20) + 10],
    st.sampled_from([b"[", b"- ", b"a: &a ", b"*a ", b"1:", b"#", b"\n", b"? ", b"x: 1\n", b"'"]),
    st.sampled_from([10, 1000, 1 << 20]),
)
FILES = st.one_of(_MAPPINGS, _ONE_SETTING, _LARGE, st.binary(max_size=200), _TEXTS.map(str.encode))


@pytest.fixture
def attack(
    git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[bytes], None]:
    """``attack(content)``: run a hook with that settings file, and see what it did."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.yaml").write_text("a: 1\n")
    git.write(".git/info/exclude", "*.tmp\n")
    monkeypatch.chdir(git.path)
    # Delivering needs MLflow, and is tested elsewhere.
    monkeypatch.setattr(
        "gitver_hooks.handover.launch.start_deliverer", lambda *arguments, **options: None
    )

    def own(path: str) -> bool:
        name = path.removeprefix("app/")
        return name in (".mlflow-active-model", ".git/info/exclude") or (
            name == ".git/gitver" or name.startswith(".git/gitver/")
        )

    def others() -> dict[str, tuple[int, object]]:
        return {path: found for path, found in listing(tmp_path).items() if not own(path)}

    def attack(content: bytes) -> None:
        git.write(".gitver.yaml", content)
        before = others()
        run_hook("post-checkout", [], os.environ)
        captured = capsys.readouterr()
        assert captured.out == ""
        assert len(captured.err.splitlines()) <= 1
        assert len(captured.err) < 1000
        assert captured.err.rstrip("\n").isprintable()
        assert "bug in gitver" not in captured.err, captured.err
        assert others() == before
        hidden = git("check-ignore", "app.py", "notes.txt", "a", "x/y", check=False)
        assert hidden == ""

    return attack


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(FILES)
def test_a_settings_file_cannot_make_a_hook_do_harm(
    attack: Callable[[bytes], None], content: bytes
) -> None:
    attack(content)


@pytest.mark.long
@settings(
    max_examples=5000,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(FILES)
def test_a_settings_file_cannot_make_a_hook_do_harm_in_a_long_search(
    attack: Callable[[bytes], None], content: bytes
) -> None:
    attack(content)

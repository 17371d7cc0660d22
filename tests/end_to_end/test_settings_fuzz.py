"""With any ``.gitver.yaml``, a hook prints at most one line and changes only its own files."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.git import Git
from support.hooks import listing

from gitver_hooks.commands.hook import run_hook
from gitver_hooks.settings.keys import KEYS

# CPU seconds of a hook.
LONGEST = 1.0
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


class Attack:
    """Runs a hook with a given settings file, and looks at what it printed and changed."""

    def __init__(self, git: Git, capsys: pytest.CaptureFixture[str]) -> None:
        self.git = git
        self._capsys = capsys
        self._exclude = git.path / ".git/info/exclude"
        self._checked: set[bytes] = set()
        # The first hook imports what the others use.
        run_hook("post-checkout", [], os.environ)
        capsys.readouterr()

    def by_hook(self, content: bytes) -> None:
        """Run a hook in this process."""
        before = self._prepare(content)
        started = time.process_time()
        run_hook("post-checkout", [], os.environ)
        # Not the time that passes: other processes may be at work.
        assert time.process_time() - started < LONGEST
        captured = self._capsys.readouterr()
        assert captured.out == ""
        self._check_line(captured.err)
        assert self._others() == before
        self._check_exclude()

    def by_commit(self, content: bytes) -> None:
        """Let git run the hook."""
        self._prepare(content)
        before = listing(self.git.path.parent, without=".git")
        done = self.git.run("commit", "-q", "--allow-empty", "-m", "attack")
        assert done.stdout == ""
        self._check_line(done.stderr)
        after = listing(self.git.path.parent, without=".git")
        after.pop("app/.mlflow-active-model", None)
        assert after == before
        self._check_exclude()

    def _prepare(self, content: bytes) -> dict[str, tuple[int, object]]:
        self.git.write(".gitver.yaml", content)
        # Entries of earlier examples would make the state grow.
        shutil.rmtree(self.git.path / ".git/gitver", ignore_errors=True)
        (self.git.path / ".mlflow-active-model").unlink(missing_ok=True)
        return self._others()

    def _others(self) -> dict[str, tuple[int, object]]:
        """All that is not gitver's."""
        found = listing(self.git.path.parent, without="gitver")
        for own in (".git/info/exclude", ".mlflow-active-model"):
            found.pop(f"app/{own}", None)
        return found

    def _check_line(self, printed: str) -> None:
        assert len(printed.splitlines()) <= 1
        assert len(printed) < 1000
        assert printed.rstrip("\n").isprintable()
        assert "bug in gitver" not in printed, printed

    def _check_exclude(self) -> None:
        content = self._exclude.read_bytes()
        if content not in self._checked:
            names = ("app.py", "notes.txt", "a", "x/y", "mlflow.db.py", ".gitver.yaml")
            assert self.git("check-ignore", *names, check=False) == ""
            assert content.endswith(b"*.tmp\n")
            self._checked.add(content)


@pytest.fixture
def attack(
    git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Attack:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.yaml").write_text("a: 1\n")
    git.write(".git/info/exclude", "*.tmp\n")
    monkeypatch.chdir(git.path)
    # Delivering needs MLflow, and is tested elsewhere.
    monkeypatch.setattr(
        "gitver_hooks.handover.launch.start_deliverer", lambda *arguments, **options: None
    )
    return Attack(git, capsys)


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(FILES)
def test_a_settings_file_cannot_make_a_hook_do_harm(attack: Attack, content: bytes) -> None:
    attack.by_hook(content)


@pytest.mark.long
@pytest.mark.timeout(3600)
@settings(
    max_examples=5000,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(FILES)
def test_a_settings_file_cannot_make_a_hook_do_harm_in_a_long_search(
    attack: Attack, content: bytes
) -> None:
    attack.by_hook(content)


@pytest.mark.long
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(FILES)
def test_a_settings_file_cannot_make_a_commit_do_harm(attack: Attack, content: bytes) -> None:
    hooks = Path(__file__).parents[2] / "hooks"
    attack.git("config", "core.hooksPath", str(hooks))
    # Nobody answers there.
    attack.git("config", "gitver.trackingUri", "http://127.0.0.1:9")
    attack.by_commit(content)

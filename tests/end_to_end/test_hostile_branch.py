"""A stranger's branch is checked out: nothing is sent, run, read or written on its behalf."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from support.capture import Capture
from support.git import Git
from support.hooks import listing

HOOKS = Path(__file__).parents[2] / "hooks"
STAGES = ["post-commit", "post-checkout", "post-merge", "post-rewrite"]
SECRET = "the-secret-of-the-user"
_BOMB = "params: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"p{i}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)
# What the settings file of the branch says; a tuple is a link.
ATTACKS: dict[str, str | tuple[str]] = {
    "tracking uri": "tracking_uri: {uri}\n",
    "with credentials": "tracking_uri: http://ada:geheim@{host}\n",
    "experiment": "experiment: stolen\non_stale: trust\nwait: 86400\n",
    "params outside": "params_files: [../outside/secret.yaml]\n",
    "params link": "params_files: [link.yaml]\n",
    "params of git": "params_files: [.git/config]\n",
    "settings link": ("../outside/settings.yaml",),
    "settings to a device": ("/dev/zero",),
    "alias bomb": _BOMB,
    "recursive anchor": "params: &a {{b: *a}}\n",
    "store outside": "tracking_uri: sqlite:///link/mlflow.db\n",
    "mlflow.db": "app: shop\n",
    "mlruns": "app: shop\n",
    "mlruns/0": "app: shop\n",
    "newline": 'tracking_uri: "sqlite:///a\\n*"\n',
    "control characters": '"\\x1b[2J\\u202e\\n": 1\n',
    "large": "# " + "x" * (1 << 20) + "\n",
    "number": "wait: 1" + ":59" * 100_000 + "\n",
    "key": "trackinguri: {uri}\n",
}


class Victim(Git):
    """A clone with hooks and credentials, and a remote with a hostile branch."""

    outside: Path
    capture: Capture
    remote: Git

    def hostile(self, attack: str) -> None:
        """Put a commit with ``attack`` on the remote's branch ``hostile``."""
        settings = self.remote.path / ".gitver.yaml"
        text = ATTACKS[attack]
        if isinstance(text, str):
            host = self.capture.uri.removeprefix("http://")
            settings.write_text(text.format(uri=self.capture.uri, host=host))
        else:
            settings.symlink_to(text[0])
        (self.remote.path / "link").symlink_to("../outside")
        (self.remote.path / "link.yaml").symlink_to("../outside/secret.yaml")
        if attack in ("mlflow.db", "mlruns"):
            (self.remote.path / attack).symlink_to(f"../outside/{attack}")
        if attack == "mlruns/0":
            (self.remote.path / "mlruns").mkdir()
            (self.remote.path / attack).symlink_to(f"../../outside/{attack}")
        self.remote.write(".gitattributes", "*.py filter=evil diff=evil\n")
        self.remote.commit("hostile")
        self("fetch", "-q", "origin")

    def unharmed(self, *outputs: str, folder: Path | None = None) -> None:
        """Assert that nothing was sent, recorded or changed, in one line per hook at most."""
        folder = folder or self.path
        assert self.capture.connections == 0
        assert self.capture.received == b""
        assert not (folder / ".mlflow-active-model").exists()
        assert listing(self.outside) == self.before
        state = self.path / ".git" / "gitver"
        assert not list(state.rglob("outbox/*.json"))
        for path in state.rglob("*"):
            if path.is_file():
                assert SECRET.encode() not in path.read_bytes()
        for output in outputs:
            assert SECRET not in output
            assert "\x1b" not in output
            assert "\u202e" not in output
            assert "geheim" not in output
            assert "bug in gitver" not in output
            assert all(len(line) < 700 for line in output.splitlines())

    before: dict[str, tuple[int, object]]


@pytest.fixture
def victim(
    make_git: Callable[..., Git],
    tmp_path: Path,
    capture: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> Victim:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text(f"password: {SECRET}\n")
    (outside / "settings.yaml").write_text(f"app: {SECRET}\n")
    (outside / "mlruns" / "0").mkdir(parents=True)
    (outside / "mlruns" / "0" / "meta.yaml").touch()
    remote = make_git("remote")
    remote.commit("first", **{"app.py": "print('hello')\n"})
    remote("switch", "-q", "-c", "hostile")
    victim = Victim(tmp_path / "clone")
    subprocess.run(["git", "clone", "-q", str(remote.path), str(victim.path)], check=True)
    victim("switch", "-q", "main", check=False)
    victim("checkout", "-q", "-B", "main", "origin/main")
    victim.remote, victim.capture, victim.outside = remote, capture, outside
    victim.before = listing(outside)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", SECRET)
    return victim


def install_native(victim: Victim) -> None:
    for path in HOOKS.glob("post-*"):
        hook = victim.path / ".git" / "hooks" / path.name
        hook.parent.mkdir(exist_ok=True)
        shutil.copy(path, hook)
        hook.chmod(0o755)


def install_pre_commit(victim: Victim) -> None:
    hook = {
        "id": "gitver",
        "name": "gitver",
        "entry": "gitver hook pre-commit",
        "language": "system",
        "stages": STAGES,
        "always_run": True,
        "pass_filenames": False,
        "verbose": True,
    }
    configuration = {"repos": [{"repo": "local", "hooks": [hook]}]}
    # Outside of the worktree: every branch has its own file otherwise.
    path = victim.path / ".git" / "pre-commit.yaml"
    path.write_text(yaml.safe_dump(configuration))
    command = [sys.executable, "-m", "pre_commit", "install", "--config", str(path)]
    for stage in STAGES:
        command += ["--hook-type", stage]
    subprocess.run(command, cwd=victim.path, check=True, capture_output=True)


OPERATIONS: dict[str, list[list[str]]] = {
    "checkout": [["checkout", "-q", "origin/hostile"]],
    "switch": [["switch", "-q", "-c", "mine", "origin/hostile"]],
    "merge": [["merge", "-q", "--no-edit", "origin/hostile"]],
    "pull": [["pull", "-q", "origin", "hostile"]],
    "rebase": [["rebase", "-q", "origin/hostile"]],
    "restore": [["checkout", "-q", "origin/hostile", "--", "."]],
    "commit": [
        ["checkout", "-q", "origin/hostile"],
        ["commit", "-q", "--allow-empty", "-m", "mine"],
        ["commit", "-q", "--amend", "--allow-empty", "--no-edit"],
    ],
    "cherry-pick": [["cherry-pick", "origin/hostile"]],
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("install", [install_native, install_pre_commit])
def test_no_git_operation_sends_anything_to_where_the_branch_says(
    victim: Victim, operation: str, install: Callable[[Victim], None]
) -> None:
    victim.hostile("tracking uri")
    if operation == "rebase":
        victim("commit", "-q", "--allow-empty", "-m", "mine")
    install(victim)
    for command in OPERATIONS[operation]:
        done = victim.run(*command)
        victim.unharmed(done.stderr, done.stdout)
        lines = [x for x in (done.stderr + done.stdout).splitlines() if x.startswith("gitver")]
        # An amended commit runs two hooks, and pre-commit prints lines of its own.
        refusals = [x for x in lines if "which is not allowed in this clone" in x]
        assert len(refusals) <= (2 if "--amend" in command else 1)
    if install is install_native:
        assert "asks for tracking_uri" in done.stderr


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_in_the_settings_of_a_branch_succeeds(victim: Victim, attack: str) -> None:
    victim.hostile(attack)
    install_native(victim)
    done = victim.run("checkout", "-q", "origin/hostile")
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("gitver: ")
    victim.unharmed(done.stderr)


def test_a_clone_with_hooks_for_all_repositories_sends_nothing(
    victim: Victim, tmp_path: Path
) -> None:
    victim.hostile("tracking uri")
    victim("config", "--global", "core.hooksPath", str(HOOKS))
    clone = tmp_path / "another"
    command = ["git", "clone", "-q", "-b", "hostile", str(victim.remote.path), str(clone)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert len(done.stderr.splitlines()) <= 1
    victim.unharmed(done.stderr, folder=clone)


def test_a_new_worktree_sends_nothing(victim: Victim, tmp_path: Path) -> None:
    victim.hostile("tracking uri")
    install_native(victim)
    done = victim.run("worktree", "add", "-q", "--detach", "../linked", "origin/hostile")
    victim.unharmed(done.stderr, folder=tmp_path / "linked")


@pytest.mark.parametrize(
    "command",
    [["model"], ["model", "--no-register"], ["id"], ["status"], ["sync"], ["log"], ["allow"]],
)
def test_no_command_sends_anything(victim: Victim, command: list[str]) -> None:
    victim.hostile("tracking uri")
    victim("checkout", "-q", "origin/hostile")
    done = subprocess.run(
        [sys.executable, "-m", "gitver_hooks", *command],
        cwd=victim.path,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode in (0, 1)
    assert len(done.stderr.splitlines()) <= 1
    victim.unharmed(done.stdout, done.stderr)


@pytest.mark.parametrize(
    "program",
    [
        [sys.executable, "-c", "import gitver_hooks.shim, os; print(sorted(os.environ))"],
        [sys.executable, "-m", "gitver_hooks", "run", "--", "env"],
    ],
)
def test_an_app_runs_unversioned_and_gets_no_store(victim: Victim, program: list[str]) -> None:
    victim.hostile("tracking uri")
    victim("checkout", "-q", "origin/hostile")
    done = subprocess.run(program, cwd=victim.path, capture_output=True, text=True)
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1
    for name in ("MLFLOW_ACTIVE_MODEL_ID", "MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT"):
        assert name not in done.stdout
    victim.unharmed(done.stderr)

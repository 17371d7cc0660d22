"""A stranger's branch is checked out: nothing is sent, run, read or written on its behalf."""

from __future__ import annotations

import os
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
from support.locations import location_of

import gitver_hooks
from gitver_hooks import cli
from gitver_hooks.commands.hook import run_hook
from gitver_hooks.gitfiles.location import recorded_apps
from gitver_hooks.handover.active_state import ActiveState, write_state
from gitver_hooks.handover.current_state import current_state

HOOKS = Path(__file__).parents[2] / "hooks"
STAGES = ["post-commit", "post-checkout", "post-merge", "post-rewrite"]
SECRET = "the-secret-of-the-user"
_BOMB = "params: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"p{i}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)
# What the settings file of the branch says; a tuple is a link, and None is no file.
ATTACKS: dict[str, str | tuple[str] | None] = {
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
    "settings in a folder": None,
    "committed store": None,
    "committed journal": None,
    "committed mlruns": None,
}
# What else the branch contains: a file, or a link to the second path.
BESIDE: dict[str, tuple[str, str | None]] = {
    "mlflow.db": ("mlflow.db", "../outside/mlflow.db"),
    "mlruns": ("mlruns", "../outside/mlruns"),
    "mlruns/0": ("mlruns/0", "../../outside/mlruns/0"),
    "settings in a folder": (".gitver.yaml/a", None),
    "committed store": ("mlflow.db", None),
    "committed journal": ("mlflow.db-journal", None),
    "committed mlruns": ("mlruns/0/meta.yaml", None),
}
PRE_COMMIT = {
    "repos": [
        {
            "repo": "local",
            "hooks": [
                {
                    "id": "gitver",
                    "name": "gitver",
                    "entry": "gitver hook pre-commit",
                    "language": "system",
                    "stages": STAGES,
                    "always_run": True,
                    "pass_filenames": False,
                    "verbose": True,
                }
            ],
        }
    ]
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
        elif text:
            settings.symlink_to(text[0])
        (self.remote.path / "link").symlink_to("../outside")
        (self.remote.path / "link.yaml").symlink_to("../outside/secret.yaml")
        if attack in BESIDE:
            name, target = BESIDE[attack]
            path = self.remote.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(target) if target else path.touch()
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
    # Outside of the worktree: every branch has its own file otherwise.
    path = victim.path.parent / "pre-commit.yaml"
    path.write_text(yaml.safe_dump(PRE_COMMIT))
    command = [sys.executable, "-m", "pre_commit", "install", "--config", str(path)]
    for stage in STAGES:
        command += ["--hook-type", stage]
    subprocess.run(command, cwd=victim.path, check=True, capture_output=True)


def log_of(folder: Path) -> str:
    """What the hooks logged: pre-commit hides what a hook prints that passes."""
    return (folder / ".git" / "gitver" / "log").read_text()


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


# Commands that need arguments to do something.
ARGUMENTS: dict[str, list[str]] = {
    "show": ["HEAD"],
    "compare": ["HEAD~1", "HEAD"],
    "diff": ["HEAD~1", "HEAD"],
    "restore": [f"m-{'0' * 32}"],
    "prune": ["--dry-run"],
    "completion": ["bash"],
    "hook": ["post-merge"],
}
# `demo` works in a folder of its own, and `run` replaces this process: it has a test below.
COMMANDS = [[verb, *ARGUMENTS.get(verb, [])] for verb in cli.VERBS if verb not in ("demo", "run")]


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_of_a_branch_succeeds_by_a_hook_a_command_or_the_shim(
    victim: Victim,
    attack: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    victim.hostile(attack)
    install_native(victim)
    done = victim.run("checkout", "-q", "origin/hostile")
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("gitver: ")
    victim.unharmed(done.stderr)
    monkeypatch.chdir(victim.path)
    for command in COMMANDS:
        assert cli.main(command) in (cli.DONE, cli.FAILED), command
        printed = capsys.readouterr()
        assert len(printed.err.splitlines()) <= 1, (command, printed.err)
        victim.unharmed(printed.out, printed.err)
    assert gitver_hooks.activate(victim.path) is None
    printed = capsys.readouterr()
    assert len(printed.err.splitlines()) == 1
    victim.unharmed(printed.out, printed.err)
    assert victim("status", "--porcelain") == ""


@pytest.mark.parametrize("install", [install_native, install_pre_commit])
def test_a_new_worktree_sends_nothing(
    victim: Victim, tmp_path: Path, install: Callable[[Victim], None]
) -> None:
    victim.hostile("tracking uri")
    install(victim)
    done = victim.run("worktree", "add", "-q", "--detach", "../linked", "origin/hostile")
    assert "asks for tracking_uri" in done.stderr + log_of(victim.path)
    victim.unharmed(done.stderr, folder=tmp_path / "linked")


def test_a_clone_with_hooks_for_all_repositories_sends_nothing(
    victim: Victim, tmp_path: Path
) -> None:
    victim.hostile("tracking uri")
    victim("config", "--global", "core.hooksPath", str(HOOKS))
    clone = tmp_path / "another"
    command = ["git", "clone", "-q", "-b", "hostile", str(victim.remote.path), str(clone)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (line,) = done.stderr.splitlines()
    assert "asks for tracking_uri" in line
    victim.unharmed(done.stderr, folder=clone)


def test_a_clone_with_pre_commits_template_sends_nothing(victim: Victim, tmp_path: Path) -> None:
    victim.remote.write(".pre-commit-config.yaml", yaml.safe_dump(PRE_COMMIT))
    victim.hostile("tracking uri")
    template, clone = tmp_path / "template", tmp_path / "another"
    command = [sys.executable, "-m", "pre_commit", "init-templatedir", "-t", "post-checkout"]
    subprocess.run([*command, str(template)], check=True, capture_output=True)
    command = ["git", "clone", "-q", "-b", "hostile", f"--template={template}"]
    done = subprocess.run(
        [*command, str(victim.remote.path), str(clone)], capture_output=True, text=True, check=True
    )
    assert "asks for tracking_uri" in log_of(clone)
    victim.unharmed(done.stdout, done.stderr, folder=clone)


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


@pytest.mark.parametrize("target", ["../outside/id", "id", None])
def test_an_active_model_file_of_the_branch_does_not_stay(
    victim: Victim,
    target: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its model is not the one of this code, whether it is a link or a file."""
    monkeypatch.chdir(victim.path)
    monkeypatch.setattr(
        "gitver_hooks.handover.launch.start_deliverer", lambda *arguments, **options: None
    )
    file = victim.path / ".mlflow-active-model"
    for path in (victim.outside / "id", victim.path / "id"):
        path.write_text(f"m-{'0' * 32}\n")
    victim.before = listing(victim.outside)
    run_hook("post-checkout", [], os.environ)
    location = location_of(victim.path)
    # As if that model were the one of an earlier version.
    write_state(location, ActiveState(version="earlier", model_id=f"m-{'0' * 32}"))
    file.symlink_to(target) if target else file.write_text(f"m-{'0' * 32}\n")
    victim("add", "-f", file.name)
    victim("commit", "-q", "-m", "hostile")
    assert current_state(location, os.environ) is None
    run_hook("post-checkout", [], os.environ)
    assert capsys.readouterr().err == ""
    assert not os.path.lexists(file)
    assert listing(victim.outside) == victim.before


def test_a_link_in_the_place_of_an_apps_folder_is_not_followed(
    victim: Victim, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The files beside another project's settings stay, although the app is known here."""
    monkeypatch.setattr(
        "gitver_hooks.handover.launch.start_deliverer", lambda *arguments, **options: None
    )
    monkeypatch.chdir(victim.path)
    (victim.outside / ".gitver.yaml").write_text("unknown: 1\n")
    (victim.outside / ".mlflow-active-model").write_text(f"m-{'0' * 32}\n")
    victim.before = listing(victim.outside)
    victim.commit("an app", **{"sub/.gitver.yaml": "app: sub\n", "sub/app.py": "1"})
    run_hook("post-commit", [], os.environ)
    assert [app.app for app in recorded_apps(location_of(victim.path))] == ["", "sub"]
    shutil.rmtree(victim.path / "sub")
    (victim.path / "sub").symlink_to(victim.outside)
    for _ in range(2):
        run_hook("post-checkout", [], os.environ)
        assert listing(victim.outside) == victim.before
        victim("add", "-A")
    assert gitver_hooks.activate(victim.path / "sub", on_stale="trust") is None
    assert listing(victim.outside) == victim.before
    assert "unknown" not in capsys.readouterr().err

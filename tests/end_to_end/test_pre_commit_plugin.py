"""The pre-commit plugin: the real pre-commit, with this project as it is now as the plugin."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from support.background import SettledGit
from support.git import Git
from support.hooks import put
from support.stores import is_version, ready_versions

from gitver_hooks.gitfiles.location import ACTIVE_MODEL_FILE

PROJECT = Path(__file__).parents[2]
STAGES = ["post-commit", "post-checkout", "post-merge", "post-rewrite"]
TRACE = "import mlflow\nwith mlflow.start_span('answer'):\n    pass\n"
APP = "import gitver_hooks.shim\nimport os\nprint(os.environ.get('MLFLOW_ACTIVE_MODEL_ID'))\n"


@pytest.fixture
def git(git: Git) -> Git:
    """The repository, each git command waiting for what its hooks start."""
    return SettledGit(git.path)


@pytest.fixture(scope="session")
def plugin_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a release of this project, as they are now."""
    folder = tmp_path_factory.mktemp("plugin")
    for name in ("gitver_hooks", "hooks"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in PROJECT.iterdir():
        if path.is_file():
            shutil.copy(path, folder)
    return folder


@pytest.fixture
def plugin(plugin_source: Path, tmp_path: Path) -> Git:
    """The same as a git repository with one commit, for pre-commit to clone."""
    plugin = Git(Path(shutil.copytree(plugin_source, tmp_path / "plugin")))
    plugin("init", "-q")
    plugin.commit("release")
    return plugin


def pre_commit(git: Git, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "pre_commit", *arguments], cwd=git.path, check=True, text=True
    )


def configure(git: Git, plugin: Git, identifier: str, *others: dict[str, object]) -> None:
    """Write the configuration that the README shows, with ``others``, and install its hooks."""
    configuration = {
        "default_install_hook_types": ["pre-commit", *STAGES],
        "default_stages": ["pre-commit"],
        "repos": [
            *others,
            {
                "repo": str(plugin.path),
                "rev": plugin("rev-parse", "HEAD"),
                "hooks": [{"id": identifier}],
            },
        ],
    }
    git.commit("configure", **{".pre-commit-config.yaml": yaml.safe_dump(configuration)})
    pre_commit(git, "install")


@pytest.fixture
def app(
    git: Git, plugin: Git, pristine_store: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], str]:
    """An app in a repository that uses ``gitver-system``; runs it, returns the version it is."""
    # A machine under load is no reason to leave the registration to the background.
    monkeypatch.setenv("GITVER_WAIT", "120")
    git.commit("app", **{"app.py": APP})
    configure(git, plugin, "gitver-system")
    shutil.copy(pristine_store, git.path / "mlflow.db")

    def run() -> str:
        result = subprocess.run(
            [sys.executable, "app.py"], cwd=git.path, check=True, capture_output=True, text=True
        )
        assert "gitver" not in result.stderr
        return ready_versions(git.path)[result.stdout.strip()]

    return run


def active(git: Git) -> str:
    """The version whose model the active-model file names."""
    return ready_versions(git.path)[(git.path / ACTIVE_MODEL_FILE).read_text().strip()]


def traced_ready_versions(git: Git) -> list[str]:
    """The model id that each trace in the store carries."""
    with contextlib.closing(sqlite3.connect(git.path / "mlflow.db")) as database:
        rows = database.execute(
            "SELECT value FROM trace_request_metadata WHERE key = 'mlflow.modelId'"
        )
        return [model for (model,) in rows]


def test_the_two_hooks_differ_only_in_their_environment() -> None:
    own, system = yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text())
    assert (own["id"], own["language"]) == ("gitver", "python")
    assert (system["id"], system["language"]) == ("gitver-system", "system")
    for key in ("id", "language", "description"):
        del own[key], system[key]
    assert own == system
    assert own["stages"] == STAGES


def test_each_stage_records_the_version_that_it_leaves(git: Git, app: Callable[[], str]) -> None:
    git.write("app.py", APP + "# 2\n")
    git("commit", "-qam", "second")
    assert is_version(active(git), "HEAD", git)
    git("commit", "-q", "--amend", "-m", "amended")
    assert is_version(active(git), "HEAD", git)
    git("checkout", "-q", "-b", "topic", "HEAD^")
    assert is_version(active(git), "HEAD", git)
    git("merge", "-q", "main")
    assert is_version(active(git), "HEAD", git)
    assert is_version(app(), "HEAD", git)
    # The first version (checked out), the second, and the second amended.
    assert len(ready_versions(git.path)) == 3


def test_an_app_run_after_a_commit_with_unstaged_edits_is_the_edited_version(
    git: Git, app: Callable[[], str]
) -> None:
    git.write("staged.py", "1\n")
    git("add", "staged.py")
    git.write("app.py", APP + TRACE)
    git("commit", "-qm", "a part of it")
    assert git("status", "--porcelain") == " M app.py"
    version = app()
    assert is_version(version, "DIRTY", git)
    assert active(git) == version
    assert [ready_versions(git.path)[model] for model in traced_ready_versions(git)] == [version]
    git("commit", "-qam", "the rest of it")
    assert is_version(app(), "HEAD", git)


def test_a_checkout_with_unstaged_edits_leaves_the_edited_version(
    git: Git, app: Callable[[], str]
) -> None:
    git.write("app.py", APP + "# unstaged\n")
    git("checkout", "-q", "-b", "topic")
    assert git("status", "--porcelain") == " M app.py"
    assert is_version(app(), "DIRTY", git)


def test_a_commit_and_a_checkout_print_only_the_line_of_pre_commit(
    git: Git, app: Callable[[], str]
) -> None:
    # On its first run pre-commit reports that it clones the plugin.
    git.write("app.py", APP + "# 2\n")
    git("commit", "-qam", "second")
    git.write("app.py", APP + "# 3\n")
    for command in (["commit", "-qam", "third"], ["checkout", "-q", "HEAD^"]):
        result = git.run(*command)
        (line,) = (result.stdout + result.stderr).splitlines()
        assert line.startswith("record this version of the code in MLflow...")
        assert line.endswith("Passed")


def test_a_hook_without_stages_runs_only_before_a_commit(
    git: Git, plugin: Git, tmp_path: Path
) -> None:
    calls = tmp_path / "calls"
    other = {
        "id": "other",
        "name": "other",
        "entry": f"sh -c 'echo call >>{calls}'",
        "language": "system",
        "always_run": True,
    }
    configure(git, plugin, "gitver-system", {"repo": "local", "hooks": [other]})
    git.commit("second", second="2")
    git("checkout", "-q", "HEAD^")
    git("checkout", "-q", "-")
    git("commit", "-q", "--amend", "--no-edit", "--no-verify")
    assert calls.read_text().splitlines() == ["call"]


def test_a_wrong_setting_stops_nothing_and_the_next_command_reports_it(
    git: Git, app: Callable[[], str]
) -> None:
    put(git.path / ".gitver.yaml", "colour: red\n", 0o644)
    git("add", "-A")
    git("commit", "-qm", "a wrong setting")
    status = subprocess.run(
        [sys.executable, "-m", "gitver_hooks", "status"],
        cwd=git.path,
        capture_output=True,
        text=True,
    )
    assert "colour" in status.stdout + status.stderr
    assert git.run("checkout", "-q", "HEAD^").returncode == 0
    assert git("log", "--format=%s", "-1", "main") == "a wrong setting"


@pytest.mark.long
def test_the_plugins_own_environment_records_and_can_install_native_hooks(
    git: Git, plugin: Git, tmp_path: Path, isolated: Path
) -> None:
    configure(git, plugin, "gitver")
    git.commit("second", second="2")
    assert is_version(active(git), "HEAD", git)
    (gitver,) = isolated.glob(".cache/pre-commit/repo*/py_env-*/bin/gitver")
    other = tmp_path / "other"
    git("init", "-q", str(other))
    subprocess.run([gitver, "install"], cwd=other, check=True)
    hook = (other / ".git/hooks/post-commit").read_text()
    assert f"\npython={gitver.parent}/python" in hook

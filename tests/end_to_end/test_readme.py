"""The README cannot drift: what it shows is run, what it lists is what there is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from support.git import Git
from support.stores import App, models

from gitver_hooks import cli
from gitver_hooks.gitfiles.ignore import LOCAL_PATTERNS
from gitver_hooks.settings import Settings

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def section(heading: str) -> str:
    _, _, rest = README.partition(f"\n{heading}\n")
    assert rest, heading
    return re.split(r"^#{1,3} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def normalised(text: str, home: str) -> str:
    """``text`` with what differs between two runs made alike: ids and the folder."""
    text = text.replace(home, "HOME")
    text = re.sub(r"\bm-[0-9a-f]{32}\b", "m-ID", text)
    text = re.sub(r"\b[0-9a-f]{32}-dirty-[0-9a-f]{8}\b", "VERSION", text)
    return re.sub(r"-git-[0-9a-f]{8}-dirty-[0-9a-f]{8}\b", "-git-NAME", text)


def test_the_session_on_the_first_screen_is_what_one_sees(
    make_git: Callable[..., Git], pristine_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITVER_WAIT", "120")
    git = make_git("shop")
    (app,) = [block for block in blocks("python") if "gitver_hooks.shim" in block]
    git.write("app.py", app)
    (session,) = [block for block in blocks("console") if "gitver install" in block]
    # A store of its own would be made at the first commit; the copy saves the seconds that takes.
    shutil.copy(pristine_store, git.path / "mlflow.db")
    seen = []
    for line in session.splitlines():
        if not line.startswith("$ "):
            continue
        done = subprocess.run(
            line[2:], shell=True, cwd=git.path, capture_output=True, text=True, check=True
        )
        seen.append(f"{line}\n{done.stdout}")
    assert normalised("".join(seen), str(git.path.parent)) == normalised(session, "/home/me")
    assert len(models(git.path / "mlflow.db")) == 2


def test_the_two_commands_are_the_ones_that_ci_runs_and_that_the_demo_needs() -> None:
    demo, *_ = [block for block in blocks("sh") if "gitver demo" in block]
    test, *_ = [block for block in blocks("sh") if "bin/pytest" in block]
    assert demo == ("python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/gitver demo\n")
    assert test in (PROJECT / ".ci" / "run").read_text()


def test_the_demo_ends_in_the_table_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gitver_hooks", "demo"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "gitver: " not in done.stdout
    header, *rows = done.stdout.splitlines()[-4:]
    assert header.split() == ["VERSION", "STATE", "MODEL", "TRACES", "LINKED"]
    assert [(row.split()[1], row.split()[-1]) for row in rows] == [
        ("clean", "1"),
        ("dirty", "1"),
        ("clean", "2"),
    ]
    assert [path for path in tmp_path.iterdir() if path.name.startswith("gitver")] == []


def test_every_command_has_help_and_a_row() -> None:
    table = section("## Commands")
    for verb in cli.VERBS:
        assert f"gitver {verb}" in table, verb
        done = subprocess.run(
            [sys.executable, "-m", "gitver_hooks", verb, "--help"], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) > 3, verb


def test_every_setting_has_a_row_with_its_default() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (.*?) \|", section("## Settings"), re.MULTILINE)
    documented = {
        name: default for names, default in rows for name in re.findall(r"`(\w+)`", names)
    }
    assert set(documented) == {field.name for field in fields(Settings) if field.compare}
    for name, default in documented.items():
        value = getattr(Settings(), name)
        if isinstance(value, bool):
            assert default == f"`{str(value).lower()}`", name
        elif isinstance(value, float):
            assert default == f"`{value:g}`", name
        elif isinstance(value, str):
            assert default == f"`{value}`", name
        elif not value:
            assert not default.startswith("`") or name == "tracking_uri" or name == "experiment"


def test_the_local_files_that_it_names_are_those_that_are_excluded() -> None:
    row = next(line for line in README.splitlines() if line.startswith("| `.git/info/exclude`"))
    for pattern in LOCAL_PATTERNS:
        assert f"`{pattern.decode()}`" in row


def test_the_pre_commit_snippet_names_a_hook_that_there_is_and_all_of_its_stages() -> None:
    (snippet,) = [yaml.safe_load(block) for block in blocks("yaml")]
    (repo,) = snippet["repos"]
    (hook,) = repo["hooks"]
    manifest = {
        entry["id"]: entry
        for entry in yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text())
    }
    assert set(manifest[hook["id"]]["stages"]) <= set(snippet["default_install_hook_types"])


def test_the_example_of_activate_runs(app: App) -> None:
    app.commit("first")
    (example,) = [block for block in blocks("python") if "gitver_hooks.activate()" in block]
    done = app.python(example)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [app.active, app("rev-parse", "HEAD"), "False"]


def test_the_image_of_the_dockerfile_links_its_traces(
    app: App, team_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Docker: the image's environment and folder, made by the Dockerfile's own commands."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", team_server)
    (dockerfile,) = blocks("dockerfile")
    (install,) = re.findall(r"^RUN (.*)$", dockerfile, re.MULTILINE)
    app.commit("first")
    image = tmp_path / "image"
    shutil.copytree(app.path, image, ignore=shutil.ignore_patterns(".git", "mlflow.db*"))
    venv.create(tmp_path / "venv", with_pip=True)
    binaries = str(tmp_path / "venv" / "bin")
    subprocess.run(
        install.replace("gitver-hooks", str(PROJECT)).replace("pip install", "pip install -q"),
        shell=True,
        check=True,
        env={**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}"},
    )
    experiment = "0"
    monkeypatch.setenv("MLFLOW_TRACING_DESTINATION", experiment)
    done = subprocess.run(
        [f"{binaries}/python", "app.py"], cwd=image, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "gitver" not in done.stderr
    code = (
        "import mlflow, sys\n"
        "found = mlflow.MlflowClient().search_traces(['0'], model_id=sys.argv[1])\n"
        "print(len(found))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(app.active)], capture_output=True, text=True
    )
    assert found.stdout == "1\n", found.stderr

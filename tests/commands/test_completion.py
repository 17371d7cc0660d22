"""``gitver completion``: scripts that each shell loads and that complete commands and options."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gitver_hooks import cli

SHELLS = ("bash", "fish", "zsh")


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The script for each shell, in a file."""
    folder = tmp_path_factory.mktemp("completion")
    paths = {}
    for shell in SHELLS:
        command = [sys.executable, "-m", "gitver_hooks", "completion", shell]
        paths[shell] = folder / shell
        paths[shell].write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    return paths


def run_shell(shell: str, *arguments: str) -> str:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    result = subprocess.run([program, *arguments], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def complete_in_bash(script: Path, *words: str) -> set[str]:
    line = " ".join(f"'{word}'" for word in words)
    code = (
        f"source '{script}'; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; "
        'complete -p gitver >/dev/null; _gitver; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    return set(run_shell("bash", "--norc", "-c", code).split())


def complete_in_fish(script: Path, line: str) -> set[str]:
    code = f"source '{script}'; complete -C '{line}'"
    return {row.split("\t")[0] for row in run_shell("fish", "-N", "-c", code).splitlines()}


def test_bash_completes_commands_options_and_words(scripts: dict[str, Path]) -> None:
    script = scripts["bash"]
    assert complete_in_bash(script, "gitver", "") == {*cli.VERBS, "--help", "--version"}
    assert complete_in_bash(script, "gitver", "un") == {"uninstall"}
    assert complete_in_bash(script, "gitver", "status", "--") == {
        "--help",
        "--app",
        "--json",
        "--check",
    }
    assert complete_in_bash(script, "gitver", "completion", "z") == {"zsh"}
    assert "printenv" in complete_in_bash(script, "gitver", "run", "printen")


def test_fish_completes_commands_options_and_words(scripts: dict[str, Path]) -> None:
    script = scripts["fish"]
    assert complete_in_fish(script, "gitver ") >= set(cli.VERBS)
    assert complete_in_fish(script, "gitver uninstall --pu") == {"--purge"}
    assert complete_in_fish(script, "gitver completion z") == {"zsh"}


def test_zsh_loads_the_script_and_registers_the_completion(scripts: dict[str, Path]) -> None:
    script = scripts["zsh"]
    run_shell("zsh", "-n", str(script))
    code = f"autoload -U compinit; compinit -u -D; source '{script}'; print $_comps[gitver]"
    assert run_shell("zsh", "-f", "-c", code) == "_gitver\n"


def test_another_shell_is_refused_in_one_line() -> None:
    command = [sys.executable, "-m", "gitver_hooks", "completion", "tcsh"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "'tcsh'" in line

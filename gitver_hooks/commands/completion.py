"""Print a script that completes gitver's commands and options in bash, zsh or fish.

bash, in ~/.bashrc:                     eval "$(gitver completion bash)"
zsh, in ~/.zshrc after compinit:        eval "$(gitver completion zsh)"
fish, in ~/.config/fish/config.fish:    gitver completion fish | source
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

from gitver_hooks.commands.parser import make_parser


@dataclass(frozen=True)
class _Command:
    """The words that can follow ``gitver NAME``: options with their help, and fixed words."""

    name: str
    help: str
    options: tuple[tuple[str, str], ...]
    words: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=sorted(_SCRIPTS), help="the shell to write the script for")


def run(arguments: argparse.Namespace) -> int:
    commands = _commands(make_parser(arguments.verbs, []))
    sys.stdout.write(_SCRIPTS[arguments.shell](commands))
    return 0


def _commands(parser: argparse.ArgumentParser) -> list[_Command]:
    (subparsers,) = [
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    ]
    help_texts = {action.dest: action.help or "" for action in subparsers._choices_actions}
    return [
        _Command(name, help_texts.get(name, ""), _options(command), _words(command))
        for name, command in subparsers.choices.items()
    ]


def _options(parser: argparse.ArgumentParser) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, action.help or "")
        for action in parser._actions
        for name in action.option_strings
        if name.startswith("--") and action.help != argparse.SUPPRESS
    )


def _words(parser: argparse.ArgumentParser) -> tuple[str, ...]:
    return tuple(
        str(choice)
        for action in parser._actions
        if not action.option_strings
        for choice in action.choices or ()
    )


def _bash(commands: list[_Command]) -> str:
    cases = "".join(
        f"    {command.name}) words='{' '.join(_all_words(command))}' ;;\n" for command in commands
    )
    names = " ".join(command.name for command in commands)
    return f"""\
_gitver() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} words=
    if [ "$COMP_CWORD" -eq 1 ]; then
        words='{names} --help --version'
    else
        case ${{COMP_WORDS[1]}} in
{cases}        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    case ${{COMP_WORDS[1]}},$COMP_CWORD,$word in
    run,[23],-*) ;;
    run,[23],*) COMPREPLY+=($(compgen -c -- "$word")) ;;
    esac
}}
complete -o default -F _gitver gitver
"""


def _zsh(commands: list[_Command]) -> str:
    described = "".join(
        f"        {_quoted(f'{command.name}:{command.help}')}\n" for command in commands
    )
    cases = "".join(_zsh_case(command) for command in commands)
    return f"""\
#compdef gitver
_gitver() {{
    local -a commands=(
{described}    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    case $words[2] in
{cases}    esac
}}
if [ "$funcstack[1]" = _gitver ]; then
    _gitver "$@"
else
    compdef _gitver gitver
fi
"""


def _zsh_case(command: _Command) -> str:
    specifications = [f"{name}[{_zsh_text(text)}]" for name, text in command.options]
    if command.words:
        specifications.append(f"1: :({' '.join(command.words)})")
    if command.name == "run":
        specifications.append("*::command:_normal")
    shift = "shift words; (( CURRENT -= 1 )); "
    words = " ".join(_quoted(specification) for specification in specifications)
    return f"    {command.name}) {shift}_arguments {words} ;;\n"


def _zsh_text(text: str) -> str:
    for character in "\\[]:":
        text = text.replace(character, f"\\{character}")
    return text


def _fish(commands: list[_Command]) -> str:
    lines = []
    for command in commands:
        lines.append(
            f"complete -c gitver -f -n __fish_use_subcommand -a {command.name}"
            f" -d {_fish_quoted(command.help)}"
        )
        follows = f"complete -c gitver -n '__fish_seen_subcommand_from {command.name}'"
        lines += [
            f"{follows} -l {name.removeprefix('--')} -d {_fish_quoted(text)}"
            for name, text in command.options
        ]
        if command.words:
            lines.append(f"{follows} -f -a '{' '.join(command.words)}'")
    lines.append(
        "complete -c gitver -n '__fish_seen_subcommand_from run'"
        " -x -a '(__fish_complete_subcommand)'"
    )
    return "\n".join(lines) + "\n"


def _all_words(command: _Command) -> list[str]:
    return [name for name, _ in command.options] + list(command.words)


def _quoted(text: str) -> str:
    escaped = text.replace("'", "'\\''")
    return f"'{escaped}'"


def _fish_quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


_SCRIPTS = {"bash": _bash, "fish": _fish, "zsh": _zsh}

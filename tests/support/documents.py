"""The project's Markdown documents: their headings, links, tables and fenced examples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

PROJECT = Path(__file__).parents[2]

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)\n(?P<code>.*?)^ *```$", re.M | re.S)
_DIRECTIVE = re.compile(r"<!-- (?P<name>[a-z ]+?)(?:: (?P<value>(?:(?!-->).)*?))? -->\n\s*\Z", re.S)
_HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.M)
_LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(([^)\s]+)\)")
_IMAGE = re.compile(r"(?:src|srcset|href)=\"([^\"]+)\"")
_CODE_SPAN = re.compile(r"`[^`\n]+`")
_COMMENT = re.compile(r"<!--.*?-->", re.S)


@dataclass(frozen=True)
class Example:
    """A fenced block, its line number, and the directives in HTML comments directly before it.

    ``<!-- file: NAME -->`` is ``directives["file"] == "NAME"``; a directive without a value is "".
    """

    language: str
    code: str
    line: int
    directives: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """A Markdown file of this project."""

    path: Path

    @property
    def name(self) -> str:
        inside = self.path.is_relative_to(PROJECT)
        return str(self.path.relative_to(PROJECT)) if inside else self.path.name

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def prose(self) -> str:
        """The text without fenced blocks and comments."""
        return _COMMENT.sub("", _FENCE.sub("", self.text))

    @cached_property
    def examples(self) -> list[Example]:
        return list(self._find_examples())

    def _find_examples(self) -> Iterator[Example]:
        for match in _FENCE.finditer(self.text):
            directives: dict[str, str] = {}
            before = self.text[: match.start()]
            while directive := _DIRECTIVE.search(before):
                directives[directive["name"]] = directive["value"] or ""
                before = before[: directive.start()]
            indent = match["indent"]
            code = re.sub(f"^{indent}", "", match["code"], flags=re.M)
            line = self.text.count("\n", 0, match.start()) + 1
            yield Example(match["language"], code, line, directives)

    @cached_property
    def anchors(self) -> set[str]:
        """The anchors that GitHub gives the headings."""
        found: set[str] = set()
        for heading in _HEADING.findall(_FENCE.sub("", self.text)):
            slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            number = 0
            while (anchor := f"{slug}-{number}" if number else slug) in found:
                number += 1
            found.add(anchor)
        return found

    @cached_property
    def links(self) -> list[str]:
        """The targets of all links and images."""
        text = _CODE_SPAN.sub("", self.prose)
        return _LINK.findall(text) + _IMAGE.findall(text)

    def section(self, heading: str) -> str:
        """The text below ``heading``, such as ``## Settings``, up to the next heading like it."""
        level = heading.partition(" ")[0]
        _, found, rest = f"\n{self.text}".partition(f"\n{heading}\n")
        assert found, f"{self.name} has no heading {heading!r}"
        return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.M)[0]

    def rows(self, heading: str) -> list[list[str]]:
        """The cells of the table rows below ``heading``, without the header."""
        lines = [line for line in self.section(heading).splitlines() if line.startswith("|")]
        return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


README = Document(PROJECT / "README.md")


def documentation(name: str) -> Document:
    """The page ``docs/NAME.md``."""
    return Document(PROJECT / "docs" / f"{name}.md")


def user_documents() -> list[Document]:
    """The README and every page under ``docs/``."""
    return [README, *map(Document, sorted((PROJECT / "docs").rglob("*.md")))]


def all_documents() -> list[Document]:
    """Those, and what contributors read."""
    folders = (PROJECT, PROJECT / ".github", PROJECT / ".github" / "ISSUE_TEMPLATE")
    others = [path for folder in folders for path in sorted(folder.glob("*.md"))]
    return [*user_documents(), *(Document(path) for path in others if path != README.path)]

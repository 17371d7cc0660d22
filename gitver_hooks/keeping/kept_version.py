"""Encodes and decodes the tag object that describes a kept version.

The tag is an annotated tag of a tree (git-mktag(1)). It depends on the content and its description
alone, so it is the same object on every machine::

    object <kept tree>
    type tree
    tag gitver/<version id, quoted like the name of the ref>
    tagger gitver-hooks <gitver-hooks@localhost> <committer date of the parent> +0000

    version <version id>
    parent <commit id>
    tree <full tree>
    model-name <name>
    submodule <version id> <path>
    cut <reason> <size> <path>

There is one ``submodule`` line for each dirty submodule, whose version is kept in its own
repository, and one ``cut`` line for each path whose content is not kept. Before the first commit,
there is no ``parent`` line and the date is 0.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote

from gitver_hooks.common.printing import printable
from gitver_hooks.version.patch import quote_path, unquote_path
from gitver_hooks.version.version import TREE_PREFIX

SECRET = "secret"
LARGE = "large"
MISSING = "missing"
SUBMODULE = "submodule"
REASONS = (SECRET, LARGE, MISSING, SUBMODULE)

_TAGGER = "gitver-hooks <gitver-hooks@localhost>"
# Git adds ``.lock`` to the name of a ref's file, and file names have at most 255 bytes.
_LONGEST_NAME = 200
_OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class Cut(NamedTuple):
    """A path whose content is not kept, and why; ``size`` is in bytes.

    ``secret``: it looks like a secret; ``large``: it exceeds the limit; ``missing``: it could not
    be read. The kept tree lacks such a path. ``submodule``: the tree has the submodule's commit,
    but the changes in it are not kept.
    """

    reason: str
    size: int
    path: bytes


class Submodule(NamedTuple):
    """A dirty submodule: the id of its own version, kept in its own repository, and its path."""

    version: str
    path: bytes


class KeptVersion(NamedTuple):
    """A dirty version whose code is kept.

    ``commit`` is the HEAD commit it was based on, None before the first. ``tree`` is the id of the
    tree that is kept, ``full_tree`` that of the version (the tag ``gitver.tree`` in MLflow). They
    are equal if nothing was cut out, unless only some paths count (setting ``paths``): the kept
    tree also has the other files, as HEAD has them.
    """

    version: str
    commit: str | None
    tree: str
    full_tree: str
    model_name: str
    submodules: tuple[Submodule, ...] = ()
    cuts: tuple[Cut, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether the kept tree has all the files of the version."""
        is_part = self.version.startswith(TREE_PREFIX)
        return not self.cuts and (is_part or self.tree == self.full_tree)

    def to_tag(self, seconds: int) -> bytes:
        """The content of the tag object; ``seconds`` is the committer date of the commit."""
        lines = [
            f"object {self.tree}",
            "type tree",
            f"tag gitver/{ref_suffix(self.version)}",
            f"tagger {_TAGGER} {max(seconds, 0)} +0000",
            "",
            f"version {self.version}",
            *([f"parent {self.commit}"] if self.commit else []),
            f"tree {self.full_tree}",
            f"model-name {printable(self.model_name)}",
            *(
                f"submodule {module.version} {quote_path(module.path)}"
                for module in self.submodules
            ),
            *(f"cut {cut.reason} {cut.size} {quote_path(cut.path)}" for cut in self.cuts),
        ]
        return "".join(f"{line}\n" for line in lines).encode()

    @classmethod
    def parse(cls, tag: bytes) -> KeptVersion:
        """The version that a tag object's content describes.

        Raises ValueError for a tag that ``to_tag`` has not written: anybody can push one.
        """
        header, _, message = tag.decode().partition("\n\n")
        fields = _fields(header)
        if fields.get("type") != ["tree"]:
            raise ValueError("not a tag of a tree")
        described = _fields(message)
        return cls(
            version=_only(described, "version"),
            commit=_object_id(described, "parent") if "parent" in described else None,
            tree=_object_id(fields, "object"),
            full_tree=_object_id(described, "tree"),
            model_name=_only(described, "model-name"),
            submodules=tuple(_submodule(text) for text in described.get("submodule", ())),
            cuts=tuple(_cut(text) for text in described.get("cut", ())),
        )


def ref_suffix(version_id: str) -> str:
    """The name of a version's ref after ``refs/gitver/``: the version id, quoted if necessary.

    Only an id with a branch (setting ``per_branch``) needs quoting: one branch name may be a folder
    of another, and may be longer than a file name.
    """
    name = quote(version_id, safe="@")
    return name if len(name) <= _LONGEST_NAME else sha256(name.encode()).hexdigest()


def _fields(text: str) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for line in text.split("\n"):
        name, _, value = line.partition(" ")
        fields.setdefault(name, []).append(value)
    return fields


def _only(fields: dict[str, list[str]], name: str) -> str:
    values = fields.get(name, [])
    if len(values) != 1 or not values[0].isprintable() or not values[0]:
        raise ValueError(f"{len(values)} usable lines of {name!r}")
    return values[0]


def _object_id(fields: dict[str, list[str]], name: str) -> str:
    value = _only(fields, name)
    if not _OBJECT_ID.fullmatch(value):
        raise ValueError(f"{name!r} is no object id")
    return value


def _submodule(text: str) -> Submodule:
    version, path = text.split(" ", 1)
    if not version.isprintable():
        raise ValueError("unknown line")
    return Submodule(version, unquote_path(path))


def _cut(text: str) -> Cut:
    reason, size, path = text.split(" ", 2)
    if reason not in REASONS or not size.isascii() or not size.isdigit():
        raise ValueError("unknown line")
    return Cut(reason, int(size), unquote_path(path))

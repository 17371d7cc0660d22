"""Parses untrusted YAML, after checking that its size is harmless."""

from __future__ import annotations

from typing import Any

from gitver_hooks.common.errors import GitverError

MOST_NODES = 10_000
DEEPEST = 100
# PyYAML converts numbers in base 60, in quadratic time; no setting needs such a number.
_LONGEST_NUMBER = 100
# A problem may quote the document.
_LONGEST_PROBLEM = 100
# What PyYAML's constructors raise for a date that does not exist, `!!timestamp x` and the like.
_FROM_CONSTRUCTORS = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)


class _TooLarge(ValueError):
    """The document would be too large or too deep once its aliases are expanded."""


def parse_yaml(text: bytes) -> Any:
    """The value of one YAML document; None if it is empty.

    Raises GitverError, with the line where it is known, for what is not YAML, for more than
    ``MOST_NODES`` values or more than ``DEEPEST`` levels after aliases are expanded, and for an
    anchor that contains itself. The time is bounded by the length of ``text``, because this check
    expands nothing.
    """
    import yaml

    try:
        _measure(text)
        return yaml.load(text, _loader())
    except (yaml.YAMLError, RecursionError, *_FROM_CONSTRUCTORS) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        known = str(error) if isinstance(error, _TooLarge) else getattr(error, "problem", None)
        problem = (known or "it cannot be parsed")[:_LONGEST_PROBLEM]
        raise GitverError(f"{problem}{line}", "correct it") from error


def _loader() -> type[Any]:
    """PyYAML's safe loader, in C where there is one, without its slow numbers."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        pass

    def construct_int(loader: Any, node: Any) -> Any:
        if len(node.value) > _LONGEST_NUMBER:
            raise _TooLarge(f"a number has more than {_LONGEST_NUMBER} digits")
        return yaml.SafeLoader.construct_yaml_int(loader, node)

    def construct_float(loader: Any, node: Any) -> Any:
        if len(node.value) > _LONGEST_NUMBER:
            raise _TooLarge(f"a number has more than {_LONGEST_NUMBER} digits")
        return yaml.SafeLoader.construct_yaml_float(loader, node)

    Loader.add_constructor("tag:yaml.org,2002:int", construct_int)
    Loader.add_constructor("tag:yaml.org,2002:float", construct_float)
    return Loader


class _Node:
    """A collection whose end has not been read yet, or a whole node: its size and its depth."""

    def __init__(self, anchor: str | None) -> None:
        self.anchor = anchor
        self.nodes = 1
        self.depth = 1

    def add(self, nodes: int, depth: int) -> None:
        self.nodes += nodes
        self.depth = max(self.depth, depth + 1)


def _measure(text: bytes) -> None:
    """Raise _TooLarge if the document is too large; stops reading as soon as that is certain."""
    import yaml

    root = _Node(None)
    open_nodes = [root]
    anchors: dict[str, tuple[int, int] | None] = {}
    for event in yaml.parse(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append(_Node(event.anchor))
            if event.anchor:
                anchors[event.anchor] = None
        elif isinstance(event, yaml.CollectionEndEvent):
            closed = open_nodes.pop()
            if closed.anchor:
                anchors[closed.anchor] = (closed.nodes, closed.depth)
            open_nodes[-1].add(closed.nodes, closed.depth)
        elif isinstance(event, yaml.ScalarEvent):
            if event.anchor:
                anchors[event.anchor] = (1, 1)
            open_nodes[-1].add(1, 1)
        elif isinstance(event, yaml.AliasEvent):
            size = anchors.get(event.anchor or "", (0, 0))
            if size is None:
                raise _TooLarge(f"the anchor {event.anchor!r} contains itself")
            open_nodes[-1].add(*size)
        _check(open_nodes)


def _check(open_nodes: list[_Node]) -> None:
    innermost = open_nodes[-1]
    # The root is the stream, which is no value.
    if innermost.depth + len(open_nodes) - 2 > DEEPEST:
        raise _TooLarge(f"it is nested more than {DEEPEST} levels deep")
    if sum(node.nodes for node in open_nodes) - 1 > MOST_NODES:
        raise _TooLarge(f"it contains more than {MOST_NODES:,} values")

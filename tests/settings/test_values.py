"""The kinds of values: what is allowed at the bounds, and how text is read and written."""

from __future__ import annotations

from typing import Any

import pytest

from gitver_hooks.common.errors import GitverError
from gitver_hooks.handover.store import Experiment
from gitver_hooks.settings.values import (
    EXPERIMENT,
    FLAG,
    MAPPING,
    NUMBER,
    SECONDS,
    SIZE,
    TEXT,
    TEXTS,
    TRACKING_URI,
    Kind,
    choice,
)


@pytest.mark.parametrize(
    ("kind", "value", "checked"),
    [
        (TEXT, "x" * 1000, "x" * 1000),
        (TEXT, " ~ü€😀\xa0", " ~ü€😀\xa0"),
        (TEXT, 7, "7"),
        (TEXT, 1.5, "1.5"),
        (TEXTS, "a, b", ("a, b",)),
        (TEXTS, ["a", "b"], ("a", "b")),
        (TEXTS, [], ()),
        (MAPPING, {}, {}),
        (MAPPING, {1: [2]}, {1: [2]}),
        (FLAG, True, True),
        (FLAG, False, False),
        (SECONDS, 0, 0.0),
        (SECONDS, 86400, 86400.0),
        (SECONDS, 0.5, 0.5),
        (NUMBER, 1, 1),
        (NUMBER, 1_000_000, 1_000_000),
        (SIZE, 0, 0),
        (SIZE, 1 << 40, 1 << 40),
        (SIZE, "3", 3),
        (SIZE, "3 b", 3),
        (SIZE, "10 MiB", 10 << 20),
        (SIZE, "10m", 10 << 20),
        (SIZE, "2 KB", 2 << 10),
        (SIZE, "1 GiB", 1 << 30),
        (TRACKING_URI, "http://localhost:5000", "http://localhost:5000"),
        (EXPERIMENT, "id:7", Experiment("id:7")),
        (EXPERIMENT, Experiment(id="7"), Experiment(id="7")),
    ],
)
def test_what_is_allowed_is_returned_in_its_final_type(
    kind: Kind, value: object, checked: object
) -> None:
    result = kind.check(value)
    assert (result, type(result)) == (checked, type(checked))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (TEXT, ["", " \t", "x" * 1001, "a\nb", "\x1fa", "a\x7f", "\x80", "\x9f", "\ud800"]),
        (TEXT, [True, None, ["a"], {"a": 1}, b"a"]),
        (TEXTS, [None, 1, {"a": 1}, ["a", 1], ["a", ""], "", [["a"]], ("a",)]),
        (MAPPING, [None, [], "a: 1", 1]),
        (FLAG, [None, 0, 1, "true", []]),
        (SECONDS, [True, "1", None, -0.001, 86400.1, float("nan"), float("inf"), [1]]),
        (NUMBER, [True, "1", None, 0, -1, 1.0, 1_000_001]),
        (SIZE, [True, None, -1, 1.5, "", "-1", "1.5 MiB", "MiB", "1 TiB", (1 << 40) + 1, "9" * 16]),
        (TRACKING_URI, ["", None, 1.5j]),
        (EXPERIMENT, ["", None, True, "a\nb"]),
    ],
)
def test_nothing_else_is_allowed(kind: Kind, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(ValueError):
            kind.check(value)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0"), (1000, "1000"), (1 << 10, "1 KiB"), (10 << 20, "10 MiB"), (1 << 30, "1 GiB")],
)
def test_a_size_is_written_as_people_write_it(size: int, text: str) -> None:
    assert SIZE.text(size) == text
    assert SIZE.check(text) == size


def test_a_tracking_uri_that_mlflow_cannot_use_is_explained() -> None:
    with pytest.raises(GitverError):
        TRACKING_URI.check("nonsense://x")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (TEXT, "7", "7"),
        (TEXTS, "a", ["a"]),
        (TEXTS, " a , ,b,", ["a", "b"]),
        (TEXTS, " ['a, b', c]", ["a, b", "c"]),
        (TEXTS, "", []),
        (MAPPING, "{a: 1}", {"a": 1}),
        (MAPPING, "ü: 1", {"ü": 1}),
        (FLAG, "true", True),
        (FLAG, "no", False),
        (SECONDS, "2.5", 2.5),
        (SECONDS, "soon", "soon"),
        (TRACKING_URI, "true", "true"),
        (EXPERIMENT, "7", "7"),
    ],
)
def test_text_becomes_what_yaml_would_have_made_of_it(kind: Kind, text: str, value: object) -> None:
    parsed = kind.parse(text)
    assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (TEXT, "shop", "shop"),
        (TEXTS, ("a", "b"), "a, b"),
        (MAPPING, {"a": {"b": 1}}, '{"a": {"b": 1}}'),
        (MAPPING, {"a": complex(1)}, '{"a": "(1+0j)"}'),
        (FLAG, True, "true"),
        (SECONDS, 10.0, "10"),
        (SECONDS, 0.25, "0.25"),
        (EXPERIMENT, Experiment("shop"), "shop"),
    ],
)
def test_a_checked_value_is_written_as_a_user_would(kind: Kind, value: object, text: str) -> None:
    assert kind.text(value) == text


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        (TEXT, "a non-empty string of at most 1000 characters on one line"),
        (TEXTS, "a list of non-empty strings"),
        (MAPPING, "a mapping"),
        (FLAG, "true or false"),
        (SECONDS, "a number of seconds from 0 to 86400"),
        (TRACKING_URI, "a tracking URI of MLflow"),
        (EXPERIMENT, "the name of an experiment"),
    ],
)
def test_what_is_allowed_is_described(kind: Kind, allowed: str) -> None:
    assert kind.allowed == allowed


def test_a_choice_is_one_of_its_words() -> None:
    kind = choice("tag", "off")
    assert kind.allowed == "one of tag, off"
    assert [kind.check(word) for word in ("tag", "off")] == ["tag", "off"]
    assert (kind.parse("tag"), kind.text("tag")) == ("tag", "tag")
    for value in ("", "TAG", "of", True, None, 0, ["tag"]):
        with pytest.raises(ValueError):
            kind.check(value)


def test_a_bare_off_is_the_word_where_it_may_be_chosen() -> None:
    """YAML 1.1 reads it as false."""
    assert choice("tag", "off").check(False) == "off"
    with pytest.raises(ValueError):
        choice("include", "ignore").check(False)

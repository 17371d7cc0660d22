"""YAML that strangers wrote: what would be large, deep, endless or slow is refused immediately."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gitver_hooks.common.errors import GitverError
from gitver_hooks.settings.yaml_text import DEEPEST, MOST_NODES, parse_yaml

_BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 9)) for i in range(10)
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (_BOMB, "more than 10,000 values"),
        (b"a: &a [*a]\n", "contains itself"),
        (b"&a {? *a : b}\n", "contains itself"),
        (b"- a\n" * MOST_NODES, "more than 10,000 values"),
        (b"[" * 500_000, "in line 1"),
        (b"- " * 500_000, "more than 100 levels deep"),
        (b"a: 1" + b":1" * 200_000, "more than 100 digits"),
        (b"a: !!int '" + b"1" * 200_000 + b"'", "more than 100 digits"),
        (b"a: 1.0" + b"1" * 200_000, "more than 100 digits"),
        (b"a: 2001-99-99", "cannot be parsed"),
        (b"a: !!timestamp x", "cannot be parsed"),
        (b"a: \x00", "cannot be parsed"),
        (b"a: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
        (b"a: !" + b"x" * 10_000, "could not determine a constructor"),
        (b"? [a]\n: b\n", "unhashable"),
        (b"--- a\n--- b\n", "another document"),
        (b"*a", "undefined alias"),
    ],
)
def test_dangerous_or_invalid_yaml_is_a_short_error(text: bytes, problem: str) -> None:
    with pytest.raises(GitverError, match=problem) as caught:
        parse_yaml(text)
    assert len(str(caught.value)) < 200


def test_everything_within_the_limits_is_read() -> None:
    assert len(parse_yaml(b"- a\n" * (MOST_NODES - 1))) == MOST_NODES - 1
    parse_yaml(b"[" * (DEEPEST - 1) + b"]" * (DEEPEST - 1))
    parse_yaml(b"[" * (DEEPEST - 1) + b"x" + b"]" * (DEEPEST - 1))
    for deeper in (b"[" * DEEPEST + b"x" + b"]" * DEEPEST, b"[" * 101 + b"]" * 101):
        with pytest.raises(GitverError, match="levels deep"):
            parse_yaml(deeper)


def test_depth_counts_through_aliases() -> None:
    half = b"[" * 60 + b"]" * 60
    assert parse_yaml(b"a: &a " + half + b"\nb: *a\n")
    with pytest.raises(GitverError, match="levels deep"):
        parse_yaml(b"a: &a " + half + b"\nb: " + b"[" * 60 + b"*a" + b"]" * 60)


@pytest.mark.heavy
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_harmless_yaml_is_read_as_by_pyyaml(value: object) -> None:
    text = yaml.safe_dump(value, allow_unicode=True).encode("utf-8", "replace")
    assert parse_yaml(text) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"a: &b [*b]\n", "the anchor 'b' contains itself"),
        (b"- a\n" * MOST_NODES, "it contains more than 10,000 values"),
        (b"[" * 101 + b"]" * 101, "it is nested more than 100 levels deep"),
        (b"a: " + b"1" * 101, "a number has more than 100 digits"),
        (b"a: 1." + b"1" * 99, "a number has more than 100 digits"),
        (b"a: 1\nb: [\n", "did not find expected node content in line 3"),
        (b"a: 2001-99-99", "it cannot be parsed"),
    ],
)
def test_the_whole_message(text: bytes, problem: str) -> None:
    with pytest.raises(GitverError) as caught:
        parse_yaml(text)
    assert str(caught.value) == f"{problem}; correct it"


def test_a_problem_that_quotes_the_document_is_cut() -> None:
    with pytest.raises(GitverError) as caught:
        parse_yaml(b"a: !" + b"x" * 10_000)
    problem, _, line = caught.value.message.partition(" in line ")
    assert (len(problem), line) == (100, "1")


def test_numbers_are_read_up_to_the_bound() -> None:
    assert parse_yaml(b"a: " + b"1" * 100) == {"a": int("1" * 100)}
    assert parse_yaml(b"a: 0x1F\nb: 1_000\nc: 1:30\nd: -7\n") == {
        "a": 31,
        "b": 1000,
        "c": 90,
        "d": -7,
    }
    assert parse_yaml(b"a: 1." + b"5" * 98) == {"a": float("1." + "5" * 98)}
    assert parse_yaml(b"a: .inf\nb: -1.0e+3\n") == {"a": float("inf"), "b": -1000.0}


def test_aliases_count_with_all_that_they_stand_for() -> None:
    assert parse_yaml(b"a: &a x\nb: *a\n") == {"a": "x", "b": "x"}
    assert len(parse_yaml(b"- &a x\n" + b"- *a\n" * (MOST_NODES - 2))) == MOST_NODES - 1
    with pytest.raises(GitverError, match="more than 10,000 values"):
        parse_yaml(b"- &a x\n" + b"- *a\n" * (MOST_NODES - 1))
    half = MOST_NODES // 2 - 2
    assert len(parse_yaml(b"- &a [" + b"x," * half + b"]\n- *a\n")[1]) == half
    with pytest.raises(GitverError, match="more than 10,000 values"):
        parse_yaml(b"- &a [" + b"x," * (half + 1) + b"]\n- *a\n")

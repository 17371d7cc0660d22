"""The HTML report: complete, safe to open, and the same in every browser."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.chromium import chromium, needs_chromium
from support.histories import NOW, hostile, thirty_versions

from gitver_hooks.history.records import History
from gitver_hooks.history.report.changes import offset_with_room
from gitver_hooks.history.report.forge import commit_link
from gitver_hooks.history.report.page import report
from gitver_hooks.history.report.scale import Scale
from gitver_hooks.history.report.series import charts, wilson

COMMIT = "0" * 40


class _Page(HTMLParser):
    """The elements and the text of a page; fails on an element that is not closed."""

    _VOID = frozenset({"meta"})

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(markup)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self._VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text += data


def test_a_report_of_thirty_versions_is_under_100_kb() -> None:
    assert len(report(thirty_versions(), NOW).encode()) < 100_000


def test_the_page_loads_and_runs_nothing() -> None:
    page = _Page(report(thirty_versions(), NOW))
    for tag, attributes in page.elements:
        assert tag not in ("script", "link", "img", "iframe", "object", "form"), tag
        assert not any(name.startswith("on") for name in attributes), attributes
        if "href" in attributes:
            assert tag == "a"
            assert str(attributes["href"]).startswith("https://github.com/team/shop/commit/")
    style = report(thirty_versions(), NOW).partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    policies = [a["content"] for tag, a in page.elements if a.get("http-equiv")]
    assert policies
    assert "default-src 'none'" in str(policies[0])


def test_names_and_texts_change_nothing_on_the_page() -> None:
    markup = report(hostile(), NOW)
    assert all(line.isprintable() for line in markup.splitlines())
    harmless, hurt = _Page(report(thirty_versions(), NOW)), _Page(markup)
    assert {tag for tag, _ in hurt.elements} <= {tag for tag, _ in harmless.elements} | {"p"}
    assert "<script>alert(1)</script>" in hurt.text
    assert not any(tag == "a" for tag, _ in hurt.elements)


def test_every_chart_has_a_text_alternative() -> None:
    page = _Page(report(thirty_versions(), NOW))
    identifiers = {a["id"] for _, a in page.elements if a.get("id")}
    charts = [attributes for tag, attributes in page.elements if tag == "svg"]
    assert len(charts) == 6
    for attributes in charts:
        assert attributes["role"] == "img"
        assert set(str(attributes["aria-labelledby"]).split()) <= identifiers
    assert "correctness dropped from 85% to 61%" in page.text


def test_the_report_says_in_a_sentence_what_changed_and_links_the_suspects() -> None:
    history = thirty_versions()
    page = _Page(report(history, NOW))
    links = {attributes.get("href") for tag, attributes in page.elements if tag == "a"}
    for commit in history.findings[0].suspects:
        assert f"https://github.com/team/shop/commit/{commit}" in links
    assert "liked: fewer than eight versions have it" in page.text


def test_the_newest_numbers_stand_above_the_charts_with_their_version() -> None:
    history = thirty_versions()
    page = _Page(report(history, NOW))
    newest = history[0]
    heading = f"Newest version that ran: {newest.commit[:8]} “{newest.subject}”"
    assert heading in page.text.replace("\n", "")
    passed = newest.metrics["correctness"].passed
    assert f"{passed} of 30 rows" in page.text
    assert f"rows at {newest.commit[:8]}" not in page.text


def test_scores_of_an_older_version_say_which() -> None:
    history = thirty_versions()
    newest = replace(history[0], metrics={})
    scored = next(r for r in history.versions[1:] if r.metrics and not r.dirty)
    changed = replace(history, versions=(newest, *history.versions[1:]))
    assert f"of 30 rows at {scored.commit[:8]}" in _Page(report(changed, NOW)).text


def test_the_label_of_a_mean_hides_as_few_points_as_possible() -> None:
    history = thirty_versions()
    chart = next(c for c in charts(history) if c.findings)
    scale = Scale(30, 0.0, 1.0)
    low = [replace(chart.points[0], slot=slot, value=0.45) for slot in range(10)]
    crowded = replace(chart, points=tuple(low), upper=())
    y = scale.y(0.5)
    assert offset_with_room(crowded, scale, (scale.x(0), scale.x(5)), y) < 0
    high = tuple(replace(point, value=0.55) for point in low)
    assert offset_with_room(replace(crowded, points=high), scale, (scale.x(0), scale.x(5)), y) > 0


def test_a_history_without_numbers_still_has_a_page() -> None:
    page = _Page(report(History(app="shop"), NOW))
    assert "No significant change was found" in page.text


def _contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2)."""

    def luminance(color: str) -> float:
        digits = color if len(color) == 6 else "".join(c * 2 for c in color)
        parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_all_text_has_enough_contrast_in_light_dark_and_print() -> None:
    style = report(thirty_versions(), NOW).partition("<style>")[2].partition("</style>")[0]
    schemes = re.findall(r":root\{([^}]*)\}", style)
    assert len(schemes) == 3
    for scheme in schemes:
        colors = dict(re.findall(r"--([a-z]+):#([0-9a-f]{3}(?:[0-9a-f]{3})?)(?=[;}]|$)", scheme))
        for text in ("ink", "soft", "bad", "good"):
            for background in ("page", "card"):
                assert _contrast(colors[text], colors[background]) >= 4.5, (text, background)
        assert _contrast(colors["line"], colors["card"]) >= 3


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("git@github.com:team/shop.git", f"https://github.com/team/shop/commit/{COMMIT}"),
        ("https://github.com/team/shop", f"https://github.com/team/shop/commit/{COMMIT}"),
        ("ssh://git@gitlab.com/a/b/c.git", f"https://gitlab.com/a/b/c/-/commit/{COMMIT}"),
        ("https://gitlab.example.com/a/b", f"https://gitlab.example.com/a/b/-/commit/{COMMIT}"),
        ("git@bitbucket.org:team/shop.git", f"https://bitbucket.org/team/shop/commits/{COMMIT}"),
        ("https://codeberg.org/a/b.git", f"https://codeberg.org/a/b/commit/{COMMIT}"),
        ("https://example.com/team/shop.git", None),
        ("https://notgithub.com/team/shop.git", None),
        ("https://github.com/a/<script>", None),
        ("javascript:alert(1)//github.com/a/b", None),
        ("/srv/git/shop.git", None),
        (None, None),
    ],
)
def test_commits_link_to_known_forges(url: str | None, link: str | None) -> None:
    assert commit_link(url, COMMIT) == link


def test_the_interval_of_a_share_is_wilsons() -> None:
    # 81 of 263: Newcombe (1998), table I, method 3.
    low, high = wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 10)[0] == 0
    assert wilson(10, 10)[1] == 1


@needs_chromium
@pytest.mark.parametrize(
    "options", [["--window-size=1100,900"], ["--window-size=390,900"], ["--force-dark-mode"]]
)
def test_chromium_renders_the_page(tmp_path: Path, options: list[str]) -> None:
    page, picture = tmp_path / "report.html", tmp_path / "picture.png"
    page.write_text(report(thirty_versions(), NOW), encoding="utf-8")
    chromium(tmp_path / "profile", *options, f"--screenshot={picture}", page.as_uri())
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG")
    # An empty page of this size is a few kilobytes.
    assert len(content) > 30_000


@needs_chromium
def test_chromium_prints_the_page(tmp_path: Path) -> None:
    page, pdf = tmp_path / "report.html", tmp_path / "report.pdf"
    page.write_text(report(thirty_versions(), NOW), encoding="utf-8")
    chromium(tmp_path / "profile", f"--print-to-pdf={pdf}", page.as_uri())
    assert 1 <= len(re.findall(rb"/Type /Page\b(?!s)", pdf.read_bytes())) <= 8

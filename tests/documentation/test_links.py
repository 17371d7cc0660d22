"""Links and anchors in all documents resolve."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest
from support.documents import PROJECT, README, Document, all_documents, user_documents


@pytest.mark.parametrize("document", all_documents(), ids=lambda document: document.name)
def test_links_resolve(document: Document) -> None:
    for link in document.links:
        if link.startswith(("https://", "mailto:")):
            continue
        assert not link.startswith("http:"), f"{document.name}: {link} is not https"
        path, _, anchor = link.partition("#")
        target = (document.path.parent / unquote(path)).resolve() if path else document.path
        assert target.exists(), f"{document.name}: {link} does not exist"
        assert target.is_relative_to(PROJECT), f"{document.name}: {link} leaves the project"
        if anchor:
            assert anchor in Document(target).anchors, (
                f"{document.name}: {link} has no such heading"
            )


def test_every_page_can_be_reached_from_the_readme() -> None:
    pages = {document.path for document in user_documents()}
    reached: set[Path] = set()
    waiting = [README.path]
    while waiting:
        path = waiting.pop()
        if path in reached:
            continue
        reached.add(path)
        for link in Document(path).links:
            target = (path.parent / link.partition("#")[0]).resolve()
            if target in pages:
                waiting.append(target)
    assert pages - reached == set()


def test_a_page_starts_with_its_only_title() -> None:
    for document in user_documents():
        lines = document.prose.splitlines()
        assert lines[0].startswith("# "), document.name
        assert sum(line.startswith("# ") for line in lines) == 1, document.name

"""The history of an app that is a part of a repository: its version at each commit."""

from __future__ import annotations

import os

from support.stores import App

from gitver_hooks.gitfiles.location import find_location
from gitver_hooks.history.assemble import history
from gitver_hooks.history.measurements import all_measurements
from gitver_hooks.history.resolve import resolve
from gitver_hooks.history.source import open_source
from gitver_hooks.recording.register import register
from gitver_hooks.version.identify import identify


def test_a_version_is_listed_at_each_commit_that_has_its_content(app: App) -> None:
    app.write("chat/.gitver.yaml", "")
    app.write("search/.gitver.yaml", "")
    app.write("chat/main.py", "1\n")
    first = app.commit("first")
    version = identify(app.path / "chat").id
    docs = app.commit("docs", **{"docs.md": "1\n"})
    edited = app.commit("edited", **{"chat/main.py": "2\n"})
    app("revert", "--no-edit", "HEAD")
    location = find_location(str(app.path / "chat"), os.environ)
    assert location is not None
    app.write("chat/main.py", "3\n")
    dirty = register(location, os.environ).recorded.version.id
    found = history(app.path / "chat", deadline=120)
    assert found.app == "chat"
    listed = [(record.commit, record.version) for record in found]
    reverted = app("rev-parse", "HEAD")
    assert [at for at in listed if at[1] == version] == [
        (reverted, version), (docs, version), (first, version)
    ]  # fmt: skip
    assert (reverted, dirty) == listed[1]
    assert listed[2][0] == edited and len(listed) == 5
    models = {record.model_id for record in found if record.version == version}
    assert len(models) == 1 and None not in models
    # Its numbers count once, where it appeared first.
    assert all(m.commits.count(first) <= 1 for m in all_measurements(found))
    with open_source(app.path / "chat", dict(os.environ), 120) as source:
        for name in (docs, "HEAD~1~1", version, dirty):
            assert resolve(source, name).version == (dirty if name == dirty else version)
        assert resolve(source, dirty).model_id not in models


def test_the_whole_repository_and_its_apps_have_histories_of_their_own(app: App) -> None:
    app.write(".gitver.yaml", "app: whole\n")
    app.write("chat/.gitver.yaml", "")
    commit = app.commit("first")
    whole, chat = history(app.path, deadline=120), history(app.path / "chat", deadline=120)
    assert [record.version for record in whole] == [commit]
    assert [record.version for record in chat] == [identify(app.path / "chat").id]
    assert whole[0].model_id != chat[0].model_id


def test_commits_keep_the_numbers_of_what_the_app_was_by_earlier_paths(app: App) -> None:
    app.write(".gitver.yaml", "paths: [/src/]\n")
    app.write("src/main.py", "1\n")
    app.write("prompts/one.txt", "1\n")
    app.commit("first")
    version = identify(app.path).id
    app.write("prompts/one.txt", "2\n")
    second = app.commit("second", **{".gitver.yaml": "paths: [/src/, /prompts/]\n"})
    newest, before = history(app.path, deadline=120)
    assert (newest.commit, newest.version) == (second, identify(app.path).id)
    assert before.version == version and before.model_id not in (None, newest.model_id)

"""``gitver id``: the version id, and nothing else happens."""

from __future__ import annotations

from support.stores import App, models


def test_it_prints_the_commit_then_the_edit_and_registers_nothing(app: App) -> None:
    commit = app.commit("first")
    number = len(models(app.store))
    assert app.gitver("id").stdout == f"{commit}\n"
    app.write("new.txt", "x")
    (line,) = app.gitver("id").stdout.splitlines()
    assert line.startswith(f"{commit[:32]}-dirty-")
    assert len(models(app.store)) == number


def test_the_same_content_gives_the_same_id_in_another_clone(app: App) -> None:
    app.commit("first")
    app("clone", "-q", str(app.path), "../clone")
    clone = App(app.path.parent / "clone")
    for worktree in (app, clone):
        worktree.write("app.py", "changed\n")
    app("add", "app.py")
    assert app.gitver("id").stdout == clone.gitver("id").stdout

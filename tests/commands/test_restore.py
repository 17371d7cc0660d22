"""`gitver restore`: the exact code of a version in a worktree, as a patch, a file or a tar."""

from __future__ import annotations

import os
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.commands import Done
from support.git import Git
from support.stores import App, models

from gitver_hooks.registry.limits import CUT
from gitver_hooks.version.identify import identify

Gitver = Callable[..., Done]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITVER_WAIT", "120")


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def test_a_commit_is_restored_beside_the_repository(git: Git, gitver: Gitver) -> None:
    first = git("rev-parse", "HEAD")
    git.commit("second", **{"app.py": "print('second')\n"})
    git.write("app.py", "print('edited')\n")
    done = gitver(git.path, "restore", "HEAD~1")
    folder = git.path.parent / f"app-{first[:8]}"
    assert (done.returncode, done.stderr) == (0, "")
    assert f"version    {first}, computed from the new worktree" in done.stdout
    assert files_in(folder) == {"app.py": b"print('hello')\n"}
    assert identify(folder).id == first
    assert (git.path / "app.py").read_text() == "print('edited')\n"


def test_a_worktree_that_it_made_can_be_removed_as_it_says(git: Git, gitver: Gitver) -> None:
    done = gitver(git.path, "restore", "HEAD", "../a b")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("remove it  git ")]
    assert line.endswith(f"'{git.path.parent}/a b'")
    git("worktree", "remove", "--force", f"{git.path.parent}/a b")
    assert not (git.path.parent / "a b").exists()


@pytest.mark.parametrize("kind", ["file", "folder", "link to a folder", "link to nothing"])
def test_no_file_is_overwritten(git: Git, gitver: Gitver, kind: str) -> None:
    target = git.path.parent / "there"
    other = git.path.parent / "other"
    other.mkdir()
    (other / "precious").write_text("mine")
    if kind == "file":
        target.write_text("mine")
    elif kind == "folder":
        target.mkdir()
        (target / "precious").write_text("mine")
    elif kind == "link to a folder":
        target.symlink_to(other)
    else:
        target.symlink_to("nothing")
    done = gitver(git.path, "restore", "HEAD", str(target))
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert str(target) in line
    assert (other / "precious").read_text() == "mine"
    assert os.listdir(other) == ["precious"]
    assert git("worktree", "list").count("\n") == 0


def test_no_hook_runs(git: Git, gitver: Gitver, tmp_path: Path) -> None:
    """core.hooksPath may be a folder of the tree, as with husky."""
    marker = tmp_path / "ran"
    for name in ("post-checkout", "post-index-change", "reference-transaction"):
        hook = git.write(f".husky/{name}", f"#!/bin/sh\ntouch '{marker}'\n")
        hook.chmod(0o755)
    git.commit("hooks")
    git("config", "core.hooksPath", ".husky")
    git("checkout", "-q", "HEAD")
    assert marker.exists()
    marker.unlink()
    for arguments in (("../there",), ("--patch",), ("--archive", "../there.tar")):
        assert gitver(git.path, "restore", "HEAD", *arguments).returncode == 0
    assert not marker.exists()


def test_a_worktree_that_cannot_be_completed_is_removed_again(git: Git, gitver: Gitver) -> None:
    git("config", "filter.broken.smudge", "false")
    git("config", "filter.broken.required", "true")
    git.write(".gitattributes", "*.py filter=broken\n")
    git("config", "filter.broken.clean", "cat")
    git.commit("filtered")
    done = gitver(git.path, "restore", "HEAD", "../there")
    assert done.returncode == 1
    assert "smudge filter broken failed" in done.stderr
    assert not (git.path.parent / "there").exists()
    assert git("worktree", "list").count("\n") == 0


def test_git_variables_of_a_hook_do_not_lead_elsewhere(
    git: Git, gitver: Gitver, make_git: Callable[..., Git], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_git("other")
    other.commit("other", **{"other.py": "1\n"})
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git" / "index"))
    before = (other.path / ".git" / "index").read_bytes()
    assert gitver(git.path, "restore", "HEAD", "../there").returncode == 0
    assert files_in(git.path.parent / "there") == {"app.py": b"print('hello')\n"}
    assert (other.path / ".git" / "index").read_bytes() == before


@pytest.mark.parametrize("what", ["--help ", "-x", "--output=x", "HEAD:app.py", "HEAD..HEAD", ""])
def test_an_unknown_version_fails_in_one_line(
    git: Git, gitver: Gitver, what: str, sqlite_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{sqlite_store}")
    done = gitver(git.path, "restore", "--", what)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1


def test_options_that_exclude_each_other_are_refused(git: Git, gitver: Gitver) -> None:
    for arguments in (("--patch", "--show", "app.py"), ("../there", "--patch")):
        done = gitver(git.path, "restore", "HEAD", *arguments)
        assert (done.returncode, done.stdout) == (1, "")


def test_a_missing_commit_names_the_fetch_that_brings_it(
    app: App, gitver: Gitver, make_git: Callable[..., Git]
) -> None:
    """A clean version that a colleague registered and pushed to a branch nobody fetched."""
    app.commit("first")
    bare = make_git("bare", "--bare")
    app("remote", "add", "origin", str(bare.path))
    app("push", "-q", "origin", "HEAD:main")
    clone = Git(app.path.parent / "clone")
    bare("clone", "-q", "-b", "main", str(bare.path), str(clone.path))
    app("checkout", "-q", "-b", "topic/new")
    second = app.commit("second", **{"app.py": "2\n"})
    app("push", "-q", "origin", "topic/new")
    clone("config", "gitver.trackingUri", f"sqlite:///{app.store}")
    done = gitver(clone.path, "restore", second, "../there")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"`git fetch origin {second}`" in line
    assert "branch topic/new" in line
    clone("fetch", "-q", "origin", second)
    assert gitver(clone.path, "restore", second, "../there").returncode == 0


def test_a_model_is_rebuilt_from_its_diff_in_another_clone(
    app: App, gitver: Gitver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Odd names, modes, links and file types, all in text files; user settings do not interfere."""
    app("config", "gitver.keep", "off")
    for name in ("-dash.txt", 'quo"te.txt', "line\nbreak.txt", "tab\t.txt", os.fsdecode(b"\xff.t")):
        app.write(name, "one\ntwo \n")
    app.write("crlf.txt", "a\r\nb\r\n")
    app.write("gone.txt", "gone\n")
    app.write("becomes-a-link", "text\n")
    app.commit("first")
    clone = Git(app.path.parent / "clone")
    app("clone", "-q", str(app.path), str(clone.path))
    for name in ("-dash.txt", 'quo"te.txt', "line\nbreak.txt", os.fsdecode(b"\xff.t")):
        app.write(name, "one\ntwo \nthree  \n")
    app.write("crlf.txt", "a\r\nb\r\nc\r\n")
    app.write("new/empty.txt", "")
    app.write("new/no end.txt", "no newline")
    (app.path / "gone.txt").unlink()
    (app.path / "becomes-a-link").unlink()
    (app.path / "becomes-a-link").symlink_to("app.py")
    (app.path / "app.py").chmod(0o755)
    model = app.gitver("model").stdout.strip()
    clone("config", "gitver.trackingUri", f"sqlite:///{app.store}")
    clone("config", "apply.whitespace", "fix")
    clone("config", "core.autocrlf", "input")
    version = identify(app.path).id
    done = gitver(clone.path, "restore", model, "../there")
    assert done.returncode == 0, done.stderr
    assert "from       rebuilt from the diff in MLflow" in done.stdout
    assert identify(app.path.parent / "there").id == version
    for what in (
        version,
        f"{version[:8]}+{version[-8:]}",
        f"app-git-{version[:8]}-dirty-{version[-8:]}",
    ):
        patched = gitver(clone.path, "restore", what, "--patch")
        assert patched.returncode == 0, patched.stderr
    (clone.path.parent / "patch").write_bytes(patched.output)
    clone("apply", "--whitespace=nowarn", "../patch")
    assert identify(clone.path).id == version


def test_files_that_a_diff_leaves_out_are_named_and_all_others_restored(
    app: App, gitver: Gitver
) -> None:
    app("config", "gitver.keep", "off")
    app.commit("first", **{"data.bin": "as committed\n"})
    clone = Git(app.path.parent / "clone")
    app("clone", "-q", str(app.path), str(clone.path))
    app.write("data.bin", b"\0binary")
    app.write("id_rsa", "x\n")
    app.write("app.py", "edited\f# not shown (no note): app.py\n")
    model = app.gitver("model").stdout.strip()
    clone("config", "gitver.trackingUri", f"sqlite:///{app.store}")
    done = gitver(clone.path, "restore", model, "../there")
    assert (done.returncode, done.stderr) == (4, "")
    lines = [line for line in done.stdout.splitlines() if line.startswith("NOT EXACT")]
    assert len(lines) == 2
    assert (
        "data.bin is restored as in the commit: the diff in MLflow leaves it out (binary"
        in lines[0]
    )
    assert "id_rsa" in lines[1]
    assert "(its name suggests a secret)" in lines[1]
    there = app.path.parent / "there"
    assert (there / "app.py").read_text().startswith("edited")
    assert (there / "data.bin").read_text() == "as committed\n"
    shown = gitver(clone.path, "restore", model, "--show", "data.bin")
    assert (shown.returncode, shown.output) == (1, b"")
    assert "data.bin is restored as in the commit" in shown.stderr
    diff = models(app.store)[-1].tags["gitver.diff"]
    for other in (diff + "# cut: 2 more changed files\n", diff + CUT):
        set_tag(app, model, "gitver.diff", other)
        refused = gitver(clone.path, "restore", model, "../elsewhere")
        assert refused.returncode == 1
        (line,) = refused.stderr.splitlines()
        assert "does not list all the files that it leaves out" in line
        assert not (app.path.parent / "elsewhere").exists()


def test_hostile_tags_of_a_version_have_no_effect(app: App, gitver: Gitver) -> None:
    app("config", "gitver.keep", "off")
    (app.path / "link").symlink_to("..")
    app.commit("first")
    app.write("app.py", "edited\n")
    model = app.gitver("model").stdout.strip()
    hook = (app.path / ".git" / "hooks" / "post-checkout").read_text()
    for name in ("../evil", ".git/hooks/post-checkout", "/tmp/evil", "link/evil"):
        header = f"diff --git a/x b/x\nnew file mode 100755\n--- /dev/null\n+++ b/{name}\n"
        set_tag(app, model, "gitver.diff", f"{header}@@ -0,0 +1 @@\n+x\n")
        done = gitver(app.path, "restore", model, "../there")
        assert (done.returncode, done.stdout) == (1, ""), name
        assert "the diff" in done.stderr
    for commit in ("--help", "$(touch owned)", "HEAD", "../..", "\x1b[31m"):
        set_tag(app, model, "mlflow.source.git.commit", commit)
        done = gitver(app.path, "restore", model, "../there")
        assert (done.returncode, done.stdout) == (1, ""), commit
        (line,) = done.stderr.splitlines()
        assert "MLflow names no commit" in line
    assert not [path for path in app.path.parent.rglob("*") if path.name in ("evil", "there")]
    assert (app.path / ".git" / "hooks" / "post-checkout").read_text() == hook


def set_tag(app: App, model: str, key: str, value: str) -> None:
    with closing(sqlite3.connect(app.store)) as connection:
        connection.execute(
            "UPDATE logged_model_tags SET tag_value = ? WHERE model_id = ? AND tag_key = ?",
            (value, model, key),
        )
        connection.commit()


def test_an_app_in_the_restored_worktree_is_linked_to_the_same_model(
    app: App, gitver: Gitver
) -> None:
    app.commit("first")
    app.write("app.py", (app.path / "app.py").read_text().replace("one", "two"))
    app.run_app()
    app("checkout", "-q", "--", "app.py")
    edited = models(app.store)[-1]
    with closing(sqlite3.connect(app.store)) as connection:
        ((trace,),) = connection.execute("SELECT request_id FROM trace_info").fetchall()
    assert gitver(app.path, "restore", trace, "../there").returncode == 0
    there = app.path.parent / "there"
    assert app.gitver("model", cwd=there).stdout.strip() == edited.id


# Exports -----------------------------------------------------------------------------------------


@pytest.fixture
def varied(git: Git) -> Git:
    """A commit with what a checkout converts, and with what `git archive` would leave out."""
    git.write(
        ".gitattributes",
        "*.dos text eol=crlf\n*.utf16 working-tree-encoding=UTF-16LE text\nhidden export-ignore\n",
    )
    git.write("a.dos", "one\r\ntwo\r\n")
    git.write("b.utf16", "é\n".encode("utf-16-le"))
    git.write("hidden", "$Format:%H$\n")
    git.write("-dash", "dash\n")
    git.write("run.sh", "#!/bin/sh\n").chmod(0o755)
    git.write("folder/file", b"\0\xff")
    (git.path / "link").symlink_to("folder")
    git.commit("varied")
    return git


def test_a_file_is_printed_as_a_checkout_writes_it(varied: Git, gitver: Gitver) -> None:
    for name in ("a.dos", "b.utf16", "hidden", "-dash", "folder/file"):
        done = gitver(varied.path, "restore", "HEAD", "--show=" + name)
        assert (done.returncode, done.output) == (0, (varied.path / name).read_bytes()), name
    assert gitver(varied.path, "restore", "HEAD", "--show", "link").output == b"folder"
    in_folder = gitver(varied.path / "folder", "restore", "HEAD", "--show", "./file")
    assert in_folder.output == b"\0\xff"


@pytest.mark.parametrize("name", ["folder", "nothing", "../other/a", "/etc/passwd", ".", "*"])
def test_only_files_are_printed(varied: Git, gitver: Gitver, name: str) -> None:
    done = gitver(varied.path, "restore", "HEAD", "--show", name)
    assert (done.returncode, done.output) == (1, b"")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["x.tar", "x.tgz", "x.tar.xz", "x"])
def test_an_archive_has_all_files_as_a_checkout_writes_them(
    varied: Git, gitver: Gitver, tmp_path: Path, name: str
) -> None:
    done = gitver(varied.path, "restore", "HEAD", "--archive", str(tmp_path / name))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (tmp_path / "out").mkdir()
    with tarfile.open(tmp_path / name) as archive:
        archive.extractall(tmp_path / "out", filter="data")
        (script,) = [member for member in archive if member.name == "run.sh"]
        (link,) = [member for member in archive if member.name == "link"]
    assert files_in(tmp_path / "out") == files_in(varied.path)
    assert script.mode & 0o100
    assert (link.issym(), link.linkname) == (True, "folder")


def test_an_archive_overwrites_nothing(git: Git, gitver: Gitver, tmp_path: Path) -> None:
    (tmp_path / "mine.tar").write_text("mine")
    done = gitver(git.path, "restore", "HEAD", "--archive", str(tmp_path / "mine.tar"))
    assert done.returncode == 1
    assert (tmp_path / "mine.tar").read_text() == "mine"


def test_an_archive_of_a_sparse_worktree_is_whole(
    varied: Git, gitver: Gitver, tmp_path: Path
) -> None:
    varied("sparse-checkout", "set", "folder")
    path = tmp_path / "x.tar"
    assert gitver(varied.path, "restore", "HEAD", "--archive", str(path)).returncode == 0
    with tarfile.open(path) as archive:
        assert {"folder/file", "hidden", "a.dos"} <= set(archive.getnames())

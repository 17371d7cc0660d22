"""`gitver restore` from kept objects: each kind of edit comes back with the same version id."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from support.commands import Done
from support.edits import CONTENT, EDITS, NAMES, PLACE, Edit, commit_files
from support.git import Git
from support.keeping import assert_sound, keep_version, kept_refs, location_of, logged
from support.kept import keep_tag, keep_tree

from gitver_hooks.keeping.kept_refs import ref_name
from gitver_hooks.keeping.kept_version import Cut, KeptVersion
from gitver_hooks.keeping.share import push_shared
from gitver_hooks.version.identify import identify

Gitver = Callable[..., Done]
FORMATS = {"sha1": (), "sha256": ("--object-format=sha256",)}


def restore(gitver: Gitver, git: Git, version: str, folder: str = "../there") -> Done:
    """Restore a version; the new worktree has its id, and nothing is wrong with it."""
    done = gitver(git.path, "restore", version, folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"version    {version}, computed from the new worktree" in done.stdout
    assert identify(git.path / folder).id == version
    return done


def share(git: Git, folder: str = "clone") -> Git:
    """Push everything to a bare repository, and clone that. The clone has no kept version yet."""
    bare, clone = git.path.parent / f"{folder}.git", Git(git.path.parent / folder)
    git("clone", "-q", "--bare", str(git.path), str(bare))
    git("push", "-q", str(bare), "refs/gitver/*:refs/gitver/*")
    git("clone", "-q", str(bare), str(clone.path))
    assert kept_refs(clone) == []
    return clone


def change_everything(git: Git, edits: Iterable[Edit]) -> None:
    """All edits at once, except that only one can win where two change the same file."""
    for edit in edits:
        edit.change(git)


@pytest.mark.parametrize("name", EDITS)
def test_each_kind_of_edit_comes_back(name: str, git: Git, gitver: Gitver) -> None:
    edit = EDITS[name]
    commit_files(git, edit)
    edit.change(git)
    version = keep_version(git)
    git.write("later.txt", "edited on\n")
    restore(gitver, git, version.id)
    assert_sound(git)


@pytest.mark.parametrize("options", FORMATS.values(), ids=FORMATS)
def test_a_pushed_version_comes_back_in_another_clone(
    options: tuple[str, ...], make_git: Callable[..., Git], gitver: Gitver
) -> None:
    """Many kinds of edits at once; the new worktree is what the kept one was, byte for byte."""
    git = make_git("app", *options)
    commit_files(git, PLACE["submodule-moved"])
    git.write(".gitattributes", "*.dos eol=crlf\n*.utf16 text working-tree-encoding=UTF-16LE\n")
    git.commit("attributes")
    names = ["binary", "no-final-newline", "new-empty", "new-link", "link-to-directory", "mode"]
    many = {**CONTENT, **PLACE, **NAMES}
    change_everything(git, [many[name] for name in (*names, "submodule-moved", *NAMES)])
    git.write("a.dos", "one\r\ntwo\r\n")
    git.write("b.utf16", "é\n".encode("utf-16-le"))
    git("mv", "lib/deep/module.py", "lib/renamed.py")
    version = keep_version(git)
    done = restore(gitver, share(git), version.id)
    assert "from       fetched from origin" in done.stdout
    there = git.path.parent / "there"
    for path in git.path.rglob("*"):
        relative = path.relative_to(git.path)
        if path.is_file() and relative.parts[0] not in (".git", "module"):
            assert (there / relative).read_bytes() == path.read_bytes(), relative


@pytest.mark.long
@pytest.mark.parametrize("options", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("name", EDITS)
def test_each_kind_of_edit_comes_back_here_and_in_another_clone(
    name: str, options: tuple[str, ...], make_git: Callable[..., Git], gitver: Gitver
) -> None:
    git = make_git("app", *options)
    edit = EDITS[name]
    commit_files(git, edit)
    edit.change(git)
    version = keep_version(git)
    git("stash", "-q", check=False)
    restore(gitver, git, version.id, "../here")
    restore(gitver, share(git), version.id)


def test_a_part_of_the_tree_comes_back_with_the_rest_of_its_commit(
    git: Git, gitver: Gitver
) -> None:
    git.commit("an app", **{".gitver.yaml": "paths: [lib]\n", "lib/a.py": "a\n", "docs": "docs\n"})
    git.write("lib/a.py", "edited\n")
    git.write("docs", "edited, and no part of it\n")
    version = keep_version(git)
    assert version.id.startswith("tree-")
    restore(gitver, git, version.id)
    there = git.path.parent / "there"
    assert (there / "lib/a.py").read_text() == "edited\n"
    assert (there / "docs").read_text() == "docs\n"


def test_a_restored_worktree_survives_all_that_git_clears_away(git: Git, gitver: Gitver) -> None:
    git.write("app.py", "edited\n")
    version = keep_version(git)
    git("commit", "-q", "-a", "--amend", "-m", "another history")
    git("reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all")
    git("gc", "-q", "--prune=now")
    assert git.run("cat-file", "-e", version.commit or "", check=False).returncode
    done = gitver(git.path, "restore", version.id, "../there")
    assert done.returncode == 4
    assert f"its commit {version.commit} is not in this clone" in done.stdout
    there = Git(git.path.parent / "there")
    assert (there.path / "app.py").read_text() == "edited\n"
    assert identify(there.path).tree == version.tree
    assert git("for-each-ref", "--format=%(refname)", "refs/heads") == "refs/heads/main"


def test_the_code_before_the_first_commit_comes_back(
    make_git: Callable[..., Git], gitver: Gitver
) -> None:
    git = make_git()
    git.write("app.py", "1\n")
    restore(gitver, git, keep_version(git).id)


def test_the_worktree_as_it_is_now_is_restored_unrecorded(git: Git, gitver: Gitver) -> None:
    git.write("app.py", "edited\n")
    done = gitver(git.path, "restore", "@dirty", "../there")
    assert done.returncode == 0, done.stderr
    assert identify(git.path.parent / "there").id == identify(git.path).id


def test_a_linked_worktree_restores_beside_the_main_one(git: Git, gitver: Gitver) -> None:
    git("worktree", "add", "-q", "../elsewhere/linked")
    linked = Git(git.path.parent / "elsewhere" / "linked")
    linked.write("app.py", "edited\n")
    version = keep_version(linked)
    restore(gitver, linked, version.id, str(git.path.parent / "named"))
    done = gitver(linked.path, "restore", version.id)
    folder = git.path.parent / f"app-{version.id[:8]}-dirty-{version.id[-8:]}"
    assert f"to         {folder}" in done.stdout
    assert identify(folder).id == version.id


def test_a_version_of_a_branch_is_restored_beside_the_repository(git: Git, gitver: Gitver) -> None:
    git("config", "gitver.perBranch", "true")
    git("checkout", "-q", "-b", "topic/a+b")
    git.write("app.py", "edited\n")
    version = keep_version(git).id
    assert version.endswith("@topic/a+b")
    done = gitver(git.path, "restore", version)
    assert done.returncode == 0, done.stdout
    name = f"app-{version[:8]}-dirty-{version[39:47]}-topic-a-b"
    assert (git.path.parent / name / "app.py").read_text() == "edited\n"


@pytest.mark.parametrize("folder", [".", "apps/chat"])
def test_a_version_of_a_part_of_the_tree_comes_back_with_the_rest_of_its_commit(
    folder: str, git: Git, gitver: Gitver
) -> None:
    """What does not count for the app is as in the commit, whatever it is now."""
    git.write(f"{folder}/.gitver.yaml", "paths: ['*.py', '/shared/']\n")
    for name in (f"{folder}/one.py", f"{folder}/two.py", "shared/lib.txt", "README", "docs/page"):
        git.write(name, "committed\n")
    git.commit("an app")
    app = Git(git.path / folder)
    app.write("one.py", "edited\n")
    app.write("new.py", "new\n")
    (app.path / "two.py").unlink()
    git.write("shared/lib.txt", "edited\n")
    git.write("README", "edited, but not a part of the app\n")
    version = keep_version(app)
    assert version.id.startswith("tree-")
    done = gitver(git.path, "restore", version.id, str(git.path.parent / "there"))
    assert (done.returncode, done.stderr) == (0, "")
    there = git.path.parent / "there"
    assert identify(there / folder).id == version.id
    assert (there / "README").read_text() == (there / "docs/page").read_text() == "committed\n"
    assert (there / "shared" / "lib.txt").read_text() == "edited\n"
    assert sorted(path.name for path in (there / folder).glob("*.py"))[-2:] == ["new.py", "one.py"]
    clean = gitver(app.path, "restore", "HEAD", str(git.path.parent / "clean"))
    assert clean.returncode == 0, clean.stdout


@pytest.mark.parametrize("kind", ["shallow", "partial"])
def test_a_clone_that_lacks_objects_restores(kind: str, git: Git, gitver: Gitver) -> None:
    git.commit("second", **{"app.py": "second\n", "large.txt": "x" * 1000})
    git.write("app.py", "edited\n")
    version = keep_version(git)
    bare = share(git).path.parent / "clone.git"
    Git(bare)("config", "uploadpack.allowFilter", "true")
    clone = Git(git.path.parent / kind)
    option = "--depth=1" if kind == "shallow" else "--filter=blob:none"
    git("clone", "-q", option, bare.as_uri(), str(clone.path))
    restore(gitver, clone, version.id)


def test_a_dirty_submodule_comes_back_from_its_own_repository(git: Git, gitver: Gitver) -> None:
    commit_files(git, PLACE["submodule-moved"])
    git.write("module/module.py", "edited in the submodule\n")
    git.write("module/new.py", "new\n")
    version = keep_version(git)
    done = restore(gitver, git, version.id)
    assert "submodules" in done.stdout
    there = git.path.parent / "there"
    assert (there / "module" / "module.py").read_text() == "edited in the submodule\n"
    clone = share(git)
    elsewhere = gitver(clone.path, "restore", version.id, "../elsewhere")
    assert elsewhere.returncode == 4
    assert "NOT EXACT  the submodule module: it is not checked out here" in elsewhere.stdout


@pytest.mark.parametrize("allowed", [True, False])
def test_a_dirty_submodule_is_pushed_to_its_own_remote_if_its_settings_say_so(
    allowed: bool, git: Git, gitver: Gitver
) -> None:
    """The submodule's remote may belong to somebody else: it is asked for in its own repository."""
    commit_files(git, PLACE["submodule-moved"])
    bare = Git(git.path.parent / "own.git")
    git("clone", "-q", "--bare", str(git.path), str(bare.path))
    git("remote", "add", "origin", str(bare.path))
    git("config", "gitver.keep", "push")
    module, modules_remote = Git(git.path / "module"), Git(git.path.parent / "origin-of-module")
    if allowed:
        module("config", "gitver.keep", "push")
    git.write("module/module.py", "edited in the submodule\n")
    version = keep_version(git)
    push_shared(location_of(git), os.environ)
    assert kept_refs(bare) == kept_refs(git)
    assert kept_refs(modules_remote) == (kept_refs(module) if allowed else [])
    assert ("module is not pushed" in logged(git)) is not allowed
    clone = Git(git.path.parent / "clone")
    git("clone", "-q", "--recurse-submodules", str(bare.path), str(clone.path))
    done = gitver(clone.path, "restore", version.id, "../there")
    if allowed:
        assert (done.returncode, done.stderr) == (0, "")
        assert (git.path.parent / "there/module/module.py").read_text().startswith("edited")
        return
    assert done.returncode == 4
    problems = [line for line in done.stdout.splitlines() if line.startswith("NOT EXACT")]
    assert "the submodule module: origin does not have it: it was not pushed" in "".join(problems)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_nothing_is_pushed_from_a_submodule_that_belongs_to_another_user(git: Git) -> None:
    commit_files(git, PLACE["submodule-moved"])
    bare = Git(git.path.parent / "own.git")
    git("clone", "-q", "--bare", str(git.path), str(bare.path))
    git("remote", "add", "origin", str(bare.path))
    module, modules_remote = Git(git.path / "module"), Git(git.path.parent / "origin-of-module")
    for repository in (git, module):
        repository("config", "gitver.keep", "push")
    git.write("module/module.py", "edited in the submodule\n")
    keep_version(git)
    os.lchown(module.path, 54321, 54321)
    push_shared(location_of(git), os.environ)
    assert kept_refs(bare) == kept_refs(git)
    assert kept_refs(modules_remote) == []
    assert "module is not pushed" in logged(git)


def test_files_that_were_cut_out_are_named(git: Git, gitver: Gitver) -> None:
    git.write(".env", "KEY=1\n")
    git.write("large.bin", os.urandom(2 << 20))
    git.write("app.py", "edited\n")
    git("config", "gitver.keepLimit", "1MiB")
    version = keep_version(git)
    done = gitver(git.path, "restore", version.id, "../there")
    assert done.returncode == 4
    assert "NOT EXACT  .env was not kept: it looks like a secret (6 bytes)" in done.stdout
    assert "NOT EXACT  large.bin was not kept" in done.stdout
    assert (git.path.parent / "there" / "app.py").read_text() == "edited\n"
    shown = gitver(git.path, "restore", version.id, "--show", ".env")
    assert (shown.returncode, shown.output) == (1, b"")
    assert "looks like a secret" in shown.stderr


# Strangers ---------------------------------------------------------------------------------------


def tree_of(git: Git, *entries: str) -> str:
    done = subprocess.run(
        ["git", "hash-object", "-t", "tree", "-w", "--stdin", "--literally"],
        cwd=git.path,
        input=b"".join(_entry(git, entry) for entry in entries),
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().strip()


def _entry(git: Git, name: str) -> bytes:
    git.write("../content", "hostile\n")
    blob = git("hash-object", "-w", "../content")
    return b"100644 %b\0%b" % (name.encode(), bytes.fromhex(blob))


@pytest.mark.parametrize("name", [".git", ".GIT", "..", "../evil", "git~1", ".git/config"])
def test_a_hostile_tree_writes_nothing_outside(name: str, git: Git, gitver: Gitver) -> None:
    version = git("rev-parse", "HEAD")[:32] + "-dirty-00000001"
    keep_tree(git, version, tree_of(git, name))
    before = sorted(path.name for path in git.path.parent.iterdir())
    configuration = (git.path / ".git" / "config").read_bytes()
    done = gitver(git.path, "restore", version, "../there")
    after = sorted(path.name for path in git.path.parent.iterdir())
    assert (git.path / ".git" / "config").read_bytes() == configuration
    if done.returncode == 1:
        assert after == before
    else:
        # Only file systems that ignore case or know short names take these for .git.
        assert name in (".GIT", "git~1")


def test_kept_code_of_the_remote_counts_only_if_it_is_the_recorded_tree(
    git: Git, gitver: Gitver
) -> None:
    git.write("app.py", "edited\n")
    version = keep_version(git)
    clone = share(git)
    bare = Git(git.path.parent / "clone.git")
    other = KeptVersion(
        version.id, version.commit, git("rev-parse", "HEAD^{tree}"), version.tree, "x"
    )
    keep_tag(bare, version.id, other.to_tag(0))
    done = gitver(clone.path, "restore", version.id, "../there")
    assert done.returncode == 1
    assert kept_refs(clone) == []
    assert not (git.path.parent / "there").exists()


def test_a_submodule_of_a_tag_must_be_one_of_the_tree(git: Git, gitver: Gitver) -> None:
    git.write("app.py", "edited\n")
    version = keep_version(git)
    tag = git("cat-file", "tag", ref_name(version.id)) + "\n"
    tag += f"submodule {version.id} ../../outside\n"
    keep_tag(git, version.id, tag.encode())
    done = gitver(git.path, "restore", version.id, "../there")
    assert not (git.path.parent.parent / "outside").exists()
    assert done.returncode == 0, "the files themselves are exact"


def test_cuts_of_a_tag_are_printed_escaped(git: Git, gitver: Gitver) -> None:
    version = git("rev-parse", "HEAD")[:32] + "-dirty-00000001"
    cut = Cut("secret", 1, b"\x1b]0;owned\x07\n.env")
    keep_tree(git, version, git("rev-parse", "HEAD^{tree}"), full_tree="1" * 40, cuts=(cut,))
    done = gitver(git.path, "restore", version, "../there")
    assert done.returncode == 4
    assert "\\x1b]0;owned\\x07\\n.env was not kept" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_hostile_remote_setting_of_the_tree_is_not_used(git: Git, gitver: Gitver) -> None:
    git("config", "protocol.ext.allow", "always")
    for remote in ("ext::sh -c touch% owned", "--upload-pack=touch owned", str(git.path)):
        git.write(".gitver.yaml", f"remote: '{remote}'\n")
        done = gitver(git.path, "restore", "0" * 32 + "-dirty-00000000", "../there")
        assert done.returncode == 1
    assert not (git.path / "owned").exists()


def test_ambiguous_prefixes_are_refused(git: Git, gitver: Gitver) -> None:
    start, tree = git("rev-parse", "HEAD")[:32], git("rev-parse", "HEAD^{tree}")
    for digest in ("ab000000", "ab111111"):
        keep_tree(git, f"{start}-dirty-{digest}", tree)
    done = gitver(git.path, "restore", f"{start[:8]}+ab", "../there")
    assert done.returncode == 1
    assert "is ambiguous" in done.stderr
    assert not Path(git.path.parent / "there").exists()

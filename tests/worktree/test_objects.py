"""What git shows in place of the objects themselves: replacements and partial clones."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from support.contents import content_of
from support.git import Git

from gitver_hooks.common.errors import GitverError
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.worktree.content import read_content, read_old_blob

MakeGit = Callable[..., Git]


# Replacements (git-replace(1))


def is_clean(git: Git) -> bool:
    return git("status", "--porcelain") == ""


def test_a_replaced_commit_is_seen_as_git_sees_it(git: Git) -> None:
    first = git("rev-parse", "HEAD")
    second = git.commit("second", **{"app.py": "other\n"})
    git("replace", second, first)
    assert not is_clean(git)
    assert content_of(git).dirty
    git("reset", "-q", "--hard")
    assert is_clean(git)
    content = content_of(git)
    assert (content.dirty, content.commit) == (False, second)
    assert content.tree == git("rev-parse", "HEAD^{tree}")
    git("config", "core.useReplaceRefs", "false")
    assert content_of(git).dirty == (not is_clean(git)) is True


@pytest.mark.parametrize("packed", [False, True])
def test_a_replaced_tree_is_seen_as_git_sees_it(git: Git, packed: bool) -> None:
    git.commit(**{"pkg/a": "1\n", "pkg/b": "2\n", "c": "3\n"})
    smaller = git.commit("smaller")
    git("rm", "-q", "pkg/b")
    git.commit("without b")
    without_b = git("rev-parse", "HEAD:pkg")
    git("reset", "-q", "--hard", smaller)
    git("replace", git("rev-parse", "HEAD:pkg"), without_b)
    if packed:
        git("pack-refs", "--all")
    # With an index that still knows the replaced tree, git takes the shortcut of comparing ids.
    (git.path / ".git" / "index").unlink()
    git("read-tree", "--reset", "-u", "HEAD")
    (git.path / "pkg" / "b").unlink()
    assert is_clean(git)
    assert not content_of(git).dirty
    git.write("pkg/a", "changed\n")
    assert [change.path for change in content_of(git).changes] == [b"pkg/a"]


def test_a_checkout_of_a_replaced_blob_is_clean(git: Git) -> None:
    git.write("other", "replaced\n")
    git("replace", git("rev-parse", "HEAD:app.py"), git("hash-object", "-w", "other"))
    (git.path / "other").unlink()
    (git.path / "app.py").unlink()
    git("checkout", "-q", "app.py")
    assert (git.path / "app.py").read_text() == "replaced\n"
    assert not content_of(git).dirty
    (git.path / "app.py").touch()
    assert not content_of(git).dirty


# Partial clones


@pytest.fixture
def source(make_git: MakeGit) -> Git:
    git = make_git("source")
    git("config", "uploadpack.allowFilter", "true")
    git("config", "uploadpack.allowAnySHA1InWant", "true")
    git.commit("first", **{"pkg/a": "1\n", "pkg/deep/b": "1\n", "docs/c": "1\n", "top": "1\n"})
    git.commit(
        "second", **{"pkg/deep/b": "2\n", "docs/c": "2\n", ".gitattributes": "* text=auto\n"}
    )
    return git


def partial_clone(source: Git, object_filter: str, *options: str) -> Git:
    path = source.path.parent / "partial"
    source("clone", "-q", f"--filter={object_filter}", *options, f"file://{source.path}", str(path))
    return Git(path)


@pytest.mark.parametrize("object_filter", ["blob:none", "tree:0"])
def test_a_partial_clone_is_identified_without_fetching_anything(
    source: Git, object_filter: str
) -> None:
    clone = partial_clone(source, object_filter)
    clone("config", "remote.origin.url", "/nowhere")
    assert not content_of(clone).dirty
    clone.write("pkg/deep/b", "edited\n")
    clone.write("new/file", "new\n")
    changes = [change.path for change in content_of(clone).changes]
    assert changes == [b"new/file", b"pkg/deep/b"]
    clone.commit("edited")
    assert not content_of(clone).dirty
    (clone.path / "pkg" / "a").unlink()
    assert [change.path for change in content_of(clone).changes] == [b"pkg/a"]


def test_a_tree_that_the_index_describes_need_not_be_fetched(source: Git) -> None:
    clone = partial_clone(source, "tree:0")
    forget(clone, "HEAD:", "HEAD:pkg", "HEAD:pkg/deep", "HEAD:docs")
    assert not content_of(clone).dirty
    clone.write(".git/info/attributes", "* text\n")
    clone.write("docs/c", "edited\n")
    assert [change.path for change in content_of(clone).changes] == [b"docs/c"]


def forget(clone: Git, *names: str) -> None:
    """Make objects of a partial clone missing again, with a remote that cannot provide them."""
    ids = [clone("rev-parse", name) for name in names]
    kept = clone("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
    packs = list((clone.path / ".git/objects/pack").glob("*.pack"))
    aside = clone.path.parent / "aside"
    aside.mkdir()
    for pack in packs:
        for file in pack.parent.glob(f"{pack.stem}.*"):
            file.rename(aside / file.name)
    for pack in aside.glob("*.pack"):
        unpack = f"git unpack-objects -q < '{pack}'"
        clone("-c", f"alias.unpack=!{unpack}", "unpack")
    for object_id in ids:
        assert object_id in kept
        (clone.path / ".git/objects" / object_id[:2] / object_id[2:]).unlink()
    clone("config", "remote.origin.url", "/nowhere")


def test_a_missing_object_is_reported_with_the_command_that_fetches_it(source: Git) -> None:
    clone = partial_clone(source, "tree:0")
    source.commit("third", **{"pkg/deep/b": "3\n", "docs/more": "3\n"})
    clone("fetch", "-q", "--filter=tree:0")
    clone("reset", "-q", "--soft", "origin/main")
    with pytest.raises(GitverError) as raised:
        content_of(clone)
    assert "was not fetched into this partial clone" in str(raised.value)
    assert "fsck" not in f"{raised.value}{raised.value.remedy}"
    assert "`git ls-tree -r HEAD`" in str(raised.value.remedy)
    clone("ls-tree", "-r", "HEAD")
    assert [change.path for change in content_of(clone).changes] == [b"docs/more", b"pkg/deep/b"]


def test_a_missing_blob_is_reported_with_the_command_that_fetches_it(source: Git) -> None:
    clone = partial_clone(source, "blob:none", "--no-checkout")
    clone("reset", "-q")
    with open_repository(clone.path, os.environ) as repository:
        content = read_content(repository)
        (change,) = (change for change in content.changes if change.path == b"top")
        with pytest.raises(GitverError, match="partial clone") as raised:
            read_old_blob(content, change)
        command = str(raised.value.remedy).split("`")[1]
        assert command.startswith("git cat-file -e ")
        clone(*command.split()[1:])
    with open_repository(clone.path, os.environ) as repository:
        assert read_old_blob(read_content(repository), change) == b"1\n"


def test_an_ignore_file_that_a_sparse_checkout_left_out_is_named_if_it_is_missing(
    source: Git,
) -> None:
    source.commit("rules", **{"docs/.gitignore": "*.log\n"})
    clone = partial_clone(source, "blob:none", "--sparse")
    clone.write("docs/run.log", "1\n")
    with pytest.raises(GitverError, match="partial clone"):
        content_of(clone)
    clone("cat-file", "-e", "HEAD:docs/.gitignore")
    assert not content_of(clone).dirty


def test_a_missing_tree_in_a_full_clone_is_reported_as_damage(git: Git) -> None:
    git.commit(**{"pkg/a": "1\n"})
    tree = git("rev-parse", "HEAD:pkg")
    git.write("pkg/a", "2\n")
    (git.path / ".git/objects" / tree[:2] / tree[2:]).unlink()
    (git.path / ".git/index").unlink()
    with pytest.raises(GitverError, match=tree) as raised:
        content_of(git)
    assert "git fsck" in str(raised.value.remedy)


# Damaged repositories


@pytest.mark.parametrize("revision", ["HEAD", "HEAD^{tree}"])
@pytest.mark.parametrize("is_packed", [False, True])
def test_a_damaged_object_is_an_error_that_says_what_to_do(
    git: Git, revision: str, is_packed: bool
) -> None:
    git.write("app.py", "changed\n")
    folder, name = git.path / ".git/objects", git("rev-parse", revision)
    path = folder / name[:2] / name[2:]
    if is_packed:
        git("repack", "-q", "-a", "-d")
        (path,) = (folder / "pack").glob("*.pack")
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(GitverError, match="run `git fsck`"):
        content_of(git)

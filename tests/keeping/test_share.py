"""Sharing: kept versions reach the user's remote in the background, and nothing else happens."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from support.git import Git
from support.keeping import (
    capture_version,
    keep_version,
    kept,
    kept_refs,
    location_of,
    logged,
    ref_of,
)
from support.oracle import oracle_tree

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.locks import FileLock
from gitver_hooks.keeping.keep import keep_captured
from gitver_hooks.keeping.share import push_shared, unpushed_refs
from gitver_hooks.version.version import Version


@pytest.fixture
def remote(git: Git, tmp_path: Path) -> Git:
    """A bare repository that is ``git``'s remote, whose user has said ``keep: push``."""
    path = tmp_path / "remote.git"
    git("init", "-q", "--bare", str(path))
    git("remote", "add", "origin", str(path))
    git("push", "-q", "origin", "main")
    git("config", "gitver.keep", "push")
    return Git(path)


def push(git: Git) -> None:
    push_shared(location_of(git), os.environ)


def kept_edit(git: Git, text: str = "changed\n") -> Version:
    git.write("app.py", text)
    return keep_version(git)


def test_a_kept_version_reaches_a_fresh_clone(git: Git, remote: Git, tmp_path: Path) -> None:
    # There is nobody to unlock a key, and this remote accepts no signatures.
    git("config", "push.gpgSign", "true")
    version = kept_edit(git)
    push(git)
    assert unpushed_refs(location_of(git)) == []
    clone = Git(tmp_path / "clone")
    git("clone", "-q", str(remote.path), str(clone.path))
    assert kept_refs(clone) == []
    clone("fetch", "-q", "origin", f"{ref_of(version)}:{ref_of(version)}")
    assert kept(clone, version).tree == oracle_tree(git.path)
    assert clone("show", f"{ref_of(version)}:app.py") == "changed"


def test_only_kept_versions_are_pushed(git: Git, remote: Git) -> None:
    git("config", "gitver.keep", "local")
    kept_edit(git, "local\n")
    git("config", "gitver.keep", "push")
    git("branch", "secret-branch")
    git("tag", "-a", "-m", "secret", "secret-tag")
    git("config", "push.followTags", "true")
    version = kept_edit(git, "shared\n")
    push(git)
    refs = remote("for-each-ref", "--format=%(refname)").split()
    assert refs == [ref_of(version), "refs/heads/main"]


def test_only_one_process_pushes_at_a_time(git: Git, remote: Git) -> None:
    kept_edit(git)
    with FileLock(os.path.join(location_of(git).shared_state_dir, "unpushed.lock")):
        push(git)
    assert kept_refs(remote) == []


def test_a_user_who_changes_their_mind_pushes_nothing(git: Git, remote: Git) -> None:
    kept_edit(git)
    git("config", "gitver.keep", "local")
    push(git)
    assert kept_refs(remote) == []


def test_the_tree_cannot_ask_for_it_alone(git: Git, remote: Git) -> None:
    git("config", "--unset", "gitver.keep")
    git.write(".gitver.yaml", "keep: push\n")
    with pytest.raises(GitverError, match="keep"):
        capture_version(git)
    assert kept_refs(remote) == []


def test_the_tree_cannot_choose_where_it_goes(git: Git, remote: Git, tmp_path: Path) -> None:
    git("init", "-q", "--bare", str(tmp_path / "public"))
    git("remote", "add", "public", str(tmp_path / "public"))
    git.write(".gitver.yaml", "remote: public\n")
    kept_edit(git)
    push(git)
    assert kept_refs(Git(tmp_path / "public")) == kept_refs(remote) == []
    assert "git config gitver.remote" in logged(git)


@pytest.mark.parametrize("name", ["nowhere", "--upload-pack=touch", "ext::touch x"])
def test_only_a_configured_remote_is_pushed_to(git: Git, remote: Git, name: str) -> None:
    git("config", "gitver.remote", name)
    kept_edit(git)
    push(git)
    assert "there is no remote" in logged(git)


def test_a_failure_is_logged_and_tried_again(git: Git, remote: Git) -> None:
    elsewhere = remote.path.rename(remote.path.with_name("elsewhere"))
    version = kept_edit(git)
    push(git)
    assert "kept versions are not pushed" in logged(git)
    assert unpushed_refs(location_of(git)) == [ref_of(version)]
    elsewhere.rename(remote.path)
    push(git)
    assert kept_refs(remote) == [ref_of(version)]
    assert unpushed_refs(location_of(git)) == []


def test_a_server_that_asks_for_a_password_is_not_answered(
    git: Git, remote: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked"
    script = git.write("../askpass", f"#!/bin/sh\necho asked >>{asked}\necho x\n")
    script.chmod(0o755)
    ssh = git.write("../ssh", f'#!/bin/sh\necho "$@" >>{tmp_path}/ssh-options\nexit 255\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_ASKPASS", str(script))
    monkeypatch.setenv("SSH_ASKPASS", str(script))
    git("config", "core.askPass", str(script))
    git("config", "core.sshCommand", str(ssh))
    git("remote", "set-url", "origin", "ssh://git@example.invalid/x.git")
    kept_edit(git)
    push(git)
    assert "-oBatchMode=yes" in (tmp_path / "ssh-options").read_text()
    assert not asked.exists()


def test_no_hook_of_the_repository_runs(git: Git, remote: Git, tmp_path: Path) -> None:
    for name in ("pre-push", "reference-transaction"):
        hook = git.write(f".git/hooks/{name}", f"#!/bin/sh\necho {name} >>{tmp_path}/ran\nexit 1\n")
        hook.chmod(0o755)
    kept_edit(git)
    push(git)
    assert len(kept_refs(remote)) == 1
    assert not (tmp_path / "ran").exists()


def test_a_version_that_the_remote_has_in_another_form_counts_as_pushed(
    git: Git, remote: Git
) -> None:
    version = kept_edit(git)
    git("push", "-q", "origin", f"HEAD:{ref_of(version)}")
    push(git)
    assert unpushed_refs(location_of(git)) == []
    assert remote("rev-parse", ref_of(version)) == git("rev-parse", "HEAD")


def test_a_version_that_was_pruned_meanwhile_is_not_pushed(git: Git, remote: Git) -> None:
    version = kept_edit(git)
    git("update-ref", "-d", ref_of(version))
    other = kept_edit(git, "other\n")
    push(git)
    assert kept_refs(remote) == [ref_of(other)]
    assert unpushed_refs(location_of(git)) == []


def test_what_is_captured_without_the_setting_is_not_shared(git: Git, remote: Git) -> None:
    git("config", "gitver.keep", "local")
    git.write("app.py", "changed\n")
    capture_version(git)
    git("config", "gitver.keep", "push")
    keep_captured(location_of(git), os.environ)
    assert unpushed_refs(location_of(git)) == []


def test_a_push_that_hangs_is_ended(
    git: Git, remote: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh = git.write("../ssh", "#!/bin/sh\nsleep 600\n")
    ssh.chmod(0o755)
    git("config", "core.sshCommand", str(ssh))
    git("remote", "set-url", "origin", "ssh://git@example.invalid/x.git")
    monkeypatch.setattr("gitver_hooks.keeping.share._PUSH_SECONDS", 1.0)
    kept_edit(git)
    started = time.monotonic()
    push(git)
    assert "did not finish within 1 s" in logged(git)
    assert time.monotonic() - started < 300

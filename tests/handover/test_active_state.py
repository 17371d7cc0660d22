"""The active-model file and the state: whole, private, and never half written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.files import replace_file
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.active_model_file import (
    read_active_model_file,
    remove_active_model_file,
    write_active_model_file,
)
from gitver_hooks.handover.active_state import ActiveState, read_state, remove_state, write_state


def test_the_file_contains_only_the_id_and_a_newline(location: Location) -> None:
    write_active_model_file(location, "m-1")
    assert Path(location.active_model_file).read_bytes() == b"m-1\n"
    assert read_active_model_file(location.active_model_file) == "m-1"
    assert os.listdir(location.state_dir) == []


def test_writing_the_same_id_again_touches_nothing(location: Location) -> None:
    write_active_model_file(location, "m-1")
    before = os.stat(location.active_model_file)
    write_active_model_file(location, "m-1")
    assert os.stat(location.active_model_file) == before


def test_a_symlink_in_its_place_is_replaced_and_not_followed(location: Location) -> None:
    target = Path(location.worktree, "app.py")
    content = target.read_bytes()
    os.symlink(target, location.active_model_file)
    write_active_model_file(location, "m-1")
    assert target.read_bytes() == content
    assert not os.path.islink(location.active_model_file)


def test_a_symlink_is_not_followed_to_another_id(location: Location) -> None:
    Path(location.worktree, "id").write_text("m-1\n")
    os.symlink("id", location.active_model_file)
    with pytest.raises(GitverError, match="cannot be read"):
        read_active_model_file(location.active_model_file)


def test_without_a_file_there_is_no_id_and_removing_it_twice_is_no_error(
    location: Location,
) -> None:
    assert read_active_model_file(location.active_model_file) is None
    write_active_model_file(location, "m-1")
    remove_active_model_file(location)
    remove_active_model_file(location)
    assert read_active_model_file(location.active_model_file) is None


@pytest.mark.parametrize("content", [b"", b"\n", b"m 1\n", b"m-1\nm-2\n", b"\xff\n", b"m" * 500])
def test_a_file_without_an_id_is_refused(location: Location, content: bytes) -> None:
    Path(location.active_model_file).write_bytes(content)
    with pytest.raises(GitverError, match="does not contain a model id; remove it"):
        read_active_model_file(location.active_model_file)


def test_a_folder_or_a_fifo_in_its_place_is_an_error(location: Location) -> None:
    os.mkdir(location.active_model_file)
    with pytest.raises(GitverError):
        read_active_model_file(location.active_model_file)
    with pytest.raises(GitverError, match="cannot be written"):
        write_active_model_file(location, "m-1")
    os.rmdir(location.active_model_file)
    os.mkfifo(location.active_model_file)
    with pytest.raises(GitverError):
        read_active_model_file(location.active_model_file)


def test_the_state_comes_back_as_it_was_written(location: Location) -> None:
    values = {name: f"{name}\nwith \\n and\ttab" for name in ActiveState.FIELDS}
    write_state(location, ActiveState(**values))
    read = read_state(location)
    assert read is not None
    assert {name: getattr(read, name) for name in ActiveState.FIELDS} == values
    assert stat.S_IMODE(os.stat(os.path.join(location.state_dir, "active")).st_mode) == 0o600


def test_an_incomplete_state_is_ignored(location: Location) -> None:
    write_state(location, ActiveState(version="v", model_id="m-1"))
    path = Path(location.state_dir, "active")
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert read_state(location) is None
    remove_state(location)
    assert read_state(location) is None


def test_a_file_on_another_filesystem_than_the_git_dir_is_replaced_whole(tmp_path: Path) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or os.stat(memory).st_dev == os.stat(tmp_path).st_dev:
        pytest.skip("there is no second filesystem here")
    target = memory / f"gitver-test-{os.getpid()}"
    try:
        replace_file(str(target), b"x", temporary_folder=str(tmp_path / "state"))
        assert target.read_bytes() == b"x"
        assert os.listdir(tmp_path / "state") == []
    finally:
        target.unlink(missing_ok=True)

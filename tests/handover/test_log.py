"""The log: one safe line for each entry, a traceback only for bugs, bounded in size."""

from __future__ import annotations

import os
from pathlib import Path

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.log import log, log_path


def entries(location: Location) -> list[str]:
    return Path(log_path(location)).read_text().split("\n")[:-1]


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


def test_an_entry_is_one_printable_line(location: Location) -> None:
    log(location, "branch \x1b[2J\u202e\n2025-01-01 [1] gitver: all is well")
    (entry,) = entries(location)
    assert entry.isprintable()
    assert entry.endswith("branch \\x1b[2J\\u202e\\n2025-01-01 [1] gitver: all is well")


def test_a_bug_is_logged_with_its_traceback_on_the_same_line(location: Location) -> None:
    log(location, "post-commit: bug", raised(KeyError("x\n\x1b]0;")))
    (entry,) = entries(location)
    assert entry.isprintable()
    assert "post-commit: bug\\nTraceback (most recent call last):\\n" in entry
    assert "test_log.py" in entry


def test_an_expected_error_leaves_no_traceback(location: Location) -> None:
    log(location, "nothing answers", raised(GitverError("nothing answers", "start it")))
    (entry,) = entries(location)
    assert entry.endswith(": nothing answers")


def test_the_log_contains_no_credentials(location: Location) -> None:
    environment = {"MLFLOW_TRACKING_TOKEN": "tok-en"}
    log(location, "http://ada:s3cret@host", raised(KeyError("tok-en")), environment)
    (entry,) = entries(location)
    assert "s3cret" not in entry
    assert "tok-en" not in entry


def test_the_log_and_its_predecessor_are_private_and_bounded(location: Location) -> None:
    for _ in range(12):
        log(location, "x" * 200_000)
    path = Path(log_path(location))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size + Path(f"{path}.old").stat().st_size < 700_000
    assert sorted(name for name in os.listdir(path.parent) if "log" in name) == ["log", "log.old"]


def test_a_link_in_the_place_of_the_log_is_not_followed(location: Location, tmp_path: Path) -> None:
    path = Path(log_path(location))
    path.parent.mkdir(parents=True, exist_ok=True)
    target = tmp_path / "target"
    target.write_text("mine\n")
    path.symlink_to(target)
    log(location, "entry")
    assert target.read_text() == "mine\n"

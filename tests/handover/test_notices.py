"""Notices: what went wrong in the background is printed once."""

from __future__ import annotations

from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.notices import forget_notices, leave_notice, take_notice


def test_a_notice_is_taken_once(location: Location) -> None:
    assert take_notice(location) is None
    leave_notice(location, "the server is down")
    assert take_notice(location) == "the server is down"
    assert take_notice(location) is None


def test_the_same_notice_is_not_left_again_until_something_succeeds(location: Location) -> None:
    leave_notice(location, "the server is down")
    take_notice(location)
    leave_notice(location, "the server is down")
    assert take_notice(location) is None
    leave_notice(location, "the disk is full")
    assert take_notice(location) == "the disk is full"
    leave_notice(location, "the server is down")
    assert take_notice(location) is None
    forget_notices(location)
    leave_notice(location, "the disk is full")
    assert take_notice(location) == "the disk is full"


def test_what_has_the_same_reason_is_printed_once(location: Location) -> None:
    leave_notice(location, "one is not registered: down", reason="down")
    leave_notice(location, "two is not registered: down", reason="down")
    assert take_notice(location) == "two is not registered: down"
    leave_notice(location, "three is not registered: down", reason="down")
    assert take_notice(location) is None
    leave_notice(location, "four is refused", reason="refused")
    assert take_notice(location) == "four is refused"

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
    forget_notices(location)
    leave_notice(location, "the disk is full")
    assert take_notice(location) == "the disk is full"

"""Is the worktree still what it was when its version was last worked out?

Runtime half: this runs at every start of an app. What is compared, and why a snapshot that was
saved can be trusted, is said at ``observation.Observation``.
"""

from __future__ import annotations

import os
import stat
from array import array

from gitver_hooks.common.files import read_small, write_private
from gitver_hooks.gitfiles.location import ACTIVE_MODEL_FILE
from gitver_hooks.handover import snapshot as snapshots
from gitver_hooks.handover.observation import (
    FOLDER,
    MISSING,
    NESTED,
    SPECIAL,
    TRACKED_ONLY,
    read_clock,
    signature_of,
    stat_directory,
    tag,
)
from gitver_hooks.handover.snapshot import Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitver_hooks.gitfiles.ignore import Ignore
    from gitver_hooks.gitfiles.location import Location
    from gitver_hooks.handover.observation import Observation

SNAPSHOT = "snapshot"
_ACTIVE_MODEL = os.fsencode(ACTIVE_MODEL_FILE)
_RULE_FILES = (b".git", b".gitignore", b".gitattributes")
_INODE = (1 << 63) - 1
# Looking at the names in so many directories again is cheaper than writing a new snapshot.
_WORTH_RENEWING = 8


def save(location: Location, observation: Observation, version_id: str) -> bool:
    """Remember that the worktree as observed is ``version_id``; whether that was possible.

    Where it is not (the observation is not sound, the state cannot be written) no snapshot is left.
    """
    if observation.sound:
        data = snapshots.encode(snapshots.from_observation(observation, version_id))
        if write_private(os.path.join(location.state_dir, SNAPSHOT), data):
            return True
    try:
        os.unlink(os.path.join(location.state_dir, SNAPSHOT))
    except OSError:
        pass
    return False


def fresh_version(location: Location) -> str | None:
    """The version id of the snapshot if nothing that it recorded moved, else None. Never raises."""
    try:
        snapshot = snapshots.load(location.state_dir, SNAPSHOT)
        if snapshot is None:
            return None
        check = _Check(location, snapshot)
        if not check.holds():
            return None
        if check.worth_renewing:
            check.renew()
        return snapshot.version_id.decode("utf-8", "surrogateescape")
    except Exception:  # whatever is wrong, the app goes on and the version is worked out anew
        return None


class _Check:
    """One comparison of a worktree with its snapshot."""

    def __init__(self, location: Location, snapshot: Snapshot) -> None:
        self._location = location
        self._snapshot = snapshot
        self._root = os.fsencode(location.worktree)
        self._directories = snapshot.directories.split(b"\0")
        # The positions of the directories whose stat data moved, with the names that are in them
        # now.
        self._moved: dict[int, list[bytes]] = {}
        self._moved_indexes: set[bytes] = set()
        self._starts: list[int] = []
        self._files: list[bytes] = []
        self._rules: dict[bytes, Ignore] = {}
        self._used_rules = False

    @property
    def worth_renewing(self) -> bool:
        """Whether a new snapshot would make the next comparison cheaper."""
        return self._used_rules or bool(self._moved_indexes) or len(self._moved) > _WORTH_RENEWING

    def holds(self) -> bool:
        """Whether everything that counts is as it was."""
        return (
            self._contents_hold()
            and self._pinned_hold()
            and self._files_hold()
            and self._directories_hold()
        )

    def _contents_hold(self) -> bool:
        found = []
        for path in snapshots.split(self._snapshot.content_paths):
            found.append(snapshots.content_digest(read_small(path)))
        return b"".join(found) == self._snapshot.content_digests

    def _pinned_hold(self) -> bool:
        recorded = snapshots.unpack(self._snapshot.pinned_signatures)
        for i, path in enumerate(snapshots.split(self._snapshot.pinned)):
            try:
                now = signature_of(os.stat(path))
            except OSError:
                return False
            if array("q", now) != recorded[i * 5 : i * 5 + 5]:
                if not self._same_index(path):
                    return False
                self._moved_indexes.add(path)
        return True

    def _same_index(self, path: bytes) -> bool:
        """Whether an index whose stat data moved (git refreshed it) still says the same."""
        words = snapshots.split(self._snapshot.indexes)
        if path not in words[::3]:
            return False
        at = words.index(path)
        from hashlib import sha256

        from gitver_hooks.gitfiles.index import read_index

        index = read_index(os.path.dirname(os.fsdecode(path)), int(words[at + 2]))
        return sha256(index.content_key()).hexdigest().encode("ascii") == words[at + 1]

    def _files_hold(self) -> bool:
        if not self._snapshot.files:
            return True
        lstat, prefix = os.lstat, self._root + b"/"
        found = array("q")
        extend = found.extend
        self._files = self._snapshot.files.split(b"\0")
        try:
            for path in self._files:
                about = lstat(prefix + path)
                extend(
                    (
                        about.st_mtime_ns,
                        about.st_ctime_ns,
                        about.st_size,
                        about.st_mode,
                        about.st_ino & _INODE,
                    )
                )
        except OSError:
            return False
        return found.tobytes() == self._snapshot.signatures

    def _directories_hold(self) -> bool:
        recorded = snapshots.unpack(self._snapshot.directory_signatures)
        moved = []
        for i, path in enumerate(self._directories):
            try:
                about = stat_directory(path, self._root + b"/" + path if path else self._root)
            except (FileNotFoundError, NotADirectoryError):
                # Its counted files would have been missed before.
                continue
            if about.st_mtime_ns != recorded[2 * i] or about.st_ctime_ns != recorded[2 * i + 1]:
                if not stat.S_ISDIR(about.st_mode):
                    return False
                moved.append(i)
        if not moved:
            return True
        others = snapshots.split_others(self._snapshot.others)
        return all(self._same_names(i, others[i]) for i in moved)

    def _same_names(self, i: int, recorded: bytes) -> bool:
        """Whether nothing that counts appeared in a directory; what vanished was seen before."""
        path, kind = self._directories[i], self._snapshot.kinds[i : i + 1]
        prefix = path + b"/" if path else b""
        files, others = self._names_of(i), set(snapshots.split(recorded))
        now = []
        with os.scandir(self._root + b"/" + path if path else self._root) as listing:
            for entry in listing:
                name = entry.name
                if name in files or (not path and name in (b".git", _ACTIVE_MODEL)):
                    continue
                tagged = tag(entry) + name
                now.append(tagged)
                if tagged in others or tagged.startswith(SPECIAL):
                    continue
                # A tracked file that was missing is back, or something in its place.
                if MISSING + name in others:
                    return False
                if name in _RULE_FILES or kind == NESTED:
                    return False
                if kind == TRACKED_ONLY:
                    continue
                self._used_rules = True
                if not self._rules_in(path).ignores(prefix + name, name, tagged[:1] == FOLDER):
                    return False
        self._moved[i] = now
        return True

    def _names_of(self, i: int) -> set[bytes]:
        """The names of the counted files in a directory."""
        if not self._starts:
            start = 0
            for count in snapshots.unpack(self._snapshot.counts):
                self._starts.append(start)
                start += count
            self._starts.append(start)
        path = self._directories[i]
        skip = len(path) + 1 if path else 0
        return {file[skip:] for file in self._files[self._starts[i] : self._starts[i + 1]]}

    def _rules_in(self, path: bytes) -> Ignore:
        """The ignore rules in a directory: their files are as they were, which was seen before."""
        from gitver_hooks.gitfiles.ignore import base_rules

        if not self._rules:
            exclude, excludes, fold = self._snapshot.ignore_rules.split(b"\0")
            top, _ = base_rules(os.fsdecode(exclude), os.fsdecode(excludes), fold == b"1")
            self._rules[b""] = top.below(b"", read_small(self._root + b"/.gitignore", follow=False))
        missing = []
        while path not in self._rules:
            missing.append(path)
            path = path.rpartition(b"/")[0]
        rules = self._rules[path]
        for below in reversed(missing):
            if rules.ignores(below, below.rpartition(b"/")[2], True):
                rules = rules.inside_excluded()
            else:
                text = read_small(self._root + b"/" + below + b"/.gitignore", follow=False)
                rules = rules.below(below, text)
            self._rules[below] = rules
        return rules

    def renew(self) -> None:
        """Write a snapshot with the present stat data of what moved, if that would be sound."""
        device, now = read_clock(self._location.state_dir)
        snapshot = self._snapshot
        signatures = snapshots.unpack(snapshot.directory_signatures)
        others = snapshots.split_others(snapshot.others)
        for i in list(self._moved):
            path = self._directories[i]
            about = stat_directory(path, self._root + b"/" + path if path else self._root)
            if about.st_dev != device or about.st_ctime_ns >= now:
                return
            # What was read before the clock may have changed since.
            if not self._same_names(i, others[i]):
                return
            signatures[2 * i], signatures[2 * i + 1] = about.st_mtime_ns, about.st_ctime_ns
            others[i] = b"\0".join(_merged(snapshots.split(others[i]), self._moved[i]))
        pinned = snapshots.unpack(snapshot.pinned_signatures)
        for i, path in enumerate(snapshots.split(snapshot.pinned)):
            if path in self._moved_indexes:
                about = os.stat(path)
                if about.st_dev != device or about.st_ctime_ns >= now or not self._same_index(path):
                    return
                pinned[i * 5 : i * 5 + 5] = array("q", signature_of(about))
        snapshot.directory_signatures = signatures.tobytes()
        snapshot.others = snapshots.join_others(others)
        snapshot.pinned_signatures = pinned.tobytes()
        target = os.path.join(self._location.state_dir, SNAPSHOT)
        write_private(target, snapshots.encode(snapshot))


def _merged(before: list[bytes], now: list[bytes]) -> list[bytes]:
    """The names of both, since journals come and go; the present ones where that is too many."""
    now += [name for name in before if name.startswith(MISSING)]
    both = {*before, *now}
    return sorted(both if len(both) <= 2 * len(now) + 64 else set(now))

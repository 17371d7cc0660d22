"""Stores registrations that MLflow has not confirmed yet, one durable file each: the outbox.

Every store has a queue of its own, ``outbox/<store>``, so that a store that hangs does not delay
the others. An entry is written before MLflow is asked and removed once the model id is known: a
crash in between delivers it again, to the same LoggedModel. ``rejected`` contains entries that can
never be delivered, with the reason, and ``damaged`` files that cannot be read.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from typing import Any, NamedTuple

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.files import make_state_folder, replace_file
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.store import Store
from gitver_hooks.registry.registration import Registration

_SUFFIX = ".json"
_PREFERRED = "preferred"


class Entry(NamedTuple):
    """A registration in the outbox, and why its last delivery failed (empty if it has not)."""

    path: str
    registration: Registration
    error: str = ""


class Outbox:
    """The outbox of one repository, shared by its worktrees."""

    def __init__(self, location: Location) -> None:
        self._folder = location.shared_state_dir
        self._queues = os.path.join(self._folder, "outbox")
        self._rejected = os.path.join(self._folder, "rejected")
        self._damaged = os.path.join(self._folder, "damaged")

    def put(self, registration: Registration) -> None:
        """Write ``registration`` durably, unless it is there already.

        Raises GitverError if the git dir cannot be written.
        """
        path = self._path(registration)
        if self._read(path) is not None:
            return
        try:
            replace_file(path, _encode(registration, ""), durable=True)
        except OSError as error:
            raise GitverError(
                f"{self._folder} cannot be written: {error.strerror}",
                "make the git dir writable, or free some space",
            ) from error

    def prefer(self, registration: Registration) -> None:
        """Have ``registration`` delivered before the others of its store: somebody waits for it."""
        try:
            replace_file(_preference(self._path(registration)), b"")
        except OSError:
            # Without the preference, it is delivered in its turn.
            pass

    def entry_for(self, registration: Registration) -> Entry | None:
        """The entry of a registration, waiting or rejected; None once it is delivered."""
        path = self._path(registration)
        return self._read(path) or self._read(self._rejected_path(path))

    def is_waiting(self, registration: Registration) -> bool:
        """Whether the registration has been neither delivered nor rejected yet."""
        return os.path.exists(self._path(registration))

    def stores(self) -> list[str]:
        """The keys of the stores that have entries waiting."""
        return [key for key in _names(self._queues) if _entry_names(self._queue(key))]

    def queue(self, key: str) -> list[str]:
        """The files of the entries that wait for the store ``key``, oldest first."""
        return _by_age(self._queue(key))

    def preferred(self, key: str) -> list[str]:
        """The files of the entries of the store ``key`` that somebody waits for."""
        folder = self._queue(key)
        names = _entry_names(os.path.join(folder, _PREFERRED))
        return [os.path.join(folder, name) for name in names]

    def read(self, path: str) -> Entry | None:
        """The entry in a file of a queue; None if it is gone, or was damaged and is set aside."""
        return self._read(path)

    def counts(self) -> tuple[int, int]:
        """How many entries wait, and how many were rejected."""
        waiting = sum(len(_entry_names(self._queue(key))) for key in _names(self._queues))
        return waiting, len(_entry_names(self._rejected))

    def waiting(self, most: int | None = None) -> list[Entry]:
        """At most ``most`` of the entries that wait, store by store, oldest first."""
        paths = [path for key in _names(self._queues) for path in _by_age(self._queue(key))]
        return self._entries(paths[:most])

    def rejected(self, most: int | None = None) -> list[Entry]:
        """At most ``most`` of the rejected entries, oldest first."""
        return self._entries(_by_age(self._rejected)[:most])

    def note(self, entry: Entry, error: str) -> None:
        """Store in a waiting entry why its last delivery failed. Its place in the queue stays."""
        try:
            times = os.stat(entry.path)
        except FileNotFoundError:
            return
        replace_file(entry.path, _encode(entry.registration, error), durable=True)
        os.utime(entry.path, ns=(times.st_atime_ns, times.st_mtime_ns))

    def reject(self, entry: Entry, error: str) -> None:
        """Set a waiting entry aside, with the reason."""
        self.note(entry, error)
        make_state_folder(self._rejected)
        try:
            os.replace(entry.path, self._rejected_path(entry.path))
        except FileNotFoundError:
            return
        _unlink(_preference(entry.path))

    def retry_rejected(self) -> None:
        """Let all rejected entries wait again."""
        for entry in self.rejected():
            path = self._path(entry.registration)
            make_state_folder(os.path.dirname(path))
            os.replace(entry.path, path)

    def discard(self) -> int:
        """Drop all entries, waiting and rejected; returns how many there were."""
        entries = self.waiting() + self.rejected()
        for entry in entries:
            _unlink(entry.path)
        return len(entries)

    def remove(self, entry: Entry) -> None:
        """Forget a delivered entry."""
        _unlink(entry.path)
        _unlink(self._rejected_path(entry.path))
        _unlink(_preference(entry.path))

    def _queue(self, key: str) -> str:
        return os.path.join(self._queues, key)

    def _rejected_path(self, path: str) -> str:
        return os.path.join(self._rejected, os.path.basename(path))

    def _path(self, registration: Registration) -> str:
        key = registration.store.key
        text = f"{key}\n{registration.version}"
        if registration.app:
            text += f"\n{registration.app}"
        digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        return os.path.join(self._queue(key), digest + _SUFFIX)

    def _entries(self, paths: list[str]) -> list[Entry]:
        return [entry for path in paths if (entry := self._read(path)) is not None]

    def _read(self, path: str) -> Entry | None:
        try:
            with open(path, "rb") as file:
                content = file.read()
        except FileNotFoundError:
            return None
        except OSError:
            self._set_aside(path)
            return None
        entry = _decode(path, content)
        if entry is None:
            self._set_aside(path)
        return entry

    def _set_aside(self, path: str) -> None:
        """Set a damaged entry aside, so that its version can be registered again."""
        try:
            make_state_folder(self._damaged)
            name = f"{os.path.basename(path)}.{time.time_ns()}"
            os.replace(path, os.path.join(self._damaged, name))
        except OSError:
            pass


def _preference(path: str) -> str:
    """The file that says that somebody waits for the entry at ``path``."""
    folder, name = os.path.split(path)
    return os.path.join(folder, _PREFERRED, name)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _entry_names(folder: str) -> list[str]:
    return [name for name in _names(folder) if name.endswith(_SUFFIX) and name[0] != "."]


def _by_age(folder: str) -> list[str]:
    aged: list[tuple[int, str]] = []
    for name in _entry_names(folder):
        try:
            aged.append((os.stat(os.path.join(folder, name)).st_mtime_ns, name))
        except FileNotFoundError:
            continue
    return [os.path.join(folder, name) for _, name in sorted(aged)]


def _encode(registration: Registration, error: str) -> bytes:
    values = {
        "version": registration.version,
        "name": registration.name,
        "store": registration.store.text,
        "model_type": registration.model_type,
        "tags": dict(registration.tags),
        "params": dict(registration.params),
        "diff": registration.diff,
        "app": registration.app,
    }
    return json.dumps({"registration": values, "error": error}, indent=1).encode()


def _decode(path: str, content: bytes) -> Entry | None:
    """The entry that a file contains; None if it is damaged or of another version of gitver."""
    try:
        loaded: dict[str, Any] = json.loads(content)
        values = loaded["registration"]
        registration = Registration(store=Store.from_text(values.pop("store")), **values)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return Entry(path, registration, str(loaded.get("error", "")))

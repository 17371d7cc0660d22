"""The outbox: registrations that MLflow has not confirmed yet, one durable file each.

``<shared state>/outbox`` holds what waits, in order; ``<shared state>/rejected`` what never can be
delivered, with the reason. An entry is written before MLflow is asked and removed once the model id
is known, so that a crash anywhere in between delivers it again, to the same LoggedModel.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.files import replace_file
from gitver_hooks.common.locks import FileLock
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.store import Store
from gitver_hooks.registry.registration import Registration

_LOCK_SECONDS = 5.0


@dataclass(frozen=True)
class Entry:
    """A registration that waits (or was rejected), and what became of the last attempt."""

    path: Path
    registration: Registration
    error: str = ""


def store_key(store: Store) -> str:
    """A short name for a store, for files that belong to it."""
    return hashlib.sha256(store.text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


class Outbox:
    """The outbox of one repository, shared by its worktrees."""

    def __init__(self, location: Location) -> None:
        self._folder = Path(location.shared_state_dir)
        self._waiting = self._folder / "outbox"
        self._rejected = self._folder / "rejected"

    def put(self, registration: Registration) -> None:
        """Write ``registration`` durably; once, however many processes put it.

        Raises GitverError where the git dir cannot be written.
        """
        digest = _digest(registration)
        try:
            with FileLock(str(self._folder / "outbox.lock"), _LOCK_SECONDS):
                if self._find(self._waiting, digest) is not None:
                    return
                path = self._waiting / f"{time.time_ns():020d}-{digest}.json"
                replace_file(str(path), _encode(registration, ""), durable=True)
        except OSError as error:
            raise GitverError(
                f"{self._folder} cannot be written: {error.strerror}",
                "make the git dir writable and free some space",
            ) from error

    def waiting(self) -> list[Entry]:
        """What waits, oldest first."""
        return _entries(self._waiting)

    def rejected(self) -> list[Entry]:
        """What was set aside, oldest first."""
        return _entries(self._rejected)

    def entry_for(self, registration: Registration) -> Entry | None:
        """The entry of a registration, waiting or else rejected; None once it is delivered."""
        digest = _digest(registration)
        path = self._find(self._waiting, digest) or self._find(self._rejected, digest)
        return _decode(path) if path else None

    def note(self, entry: Entry, error: str) -> None:
        """Keep with a waiting entry why the last attempt failed."""
        if entry.path.exists():
            replace_file(str(entry.path), _encode(entry.registration, error), durable=True)

    def reject(self, entry: Entry, error: str) -> None:
        """Set a waiting entry aside, with the reason."""
        self._forget_rejected(entry.registration)
        self.note(entry, error)
        self._rejected.mkdir(mode=0o700, exist_ok=True)
        entry.path.replace(self._rejected / entry.path.name)

    def retry_rejected(self) -> None:
        """Let all that was set aside wait again."""
        for entry in self.rejected():
            self._waiting.mkdir(mode=0o700, exist_ok=True)
            entry.path.replace(self._waiting / entry.path.name)

    def discard(self) -> int:
        """Drop all that waits or was set aside; how many entries that were."""
        entries = self.waiting() + self.rejected()
        for entry in entries:
            entry.path.unlink(missing_ok=True)
        return len(entries)

    def remove(self, entry: Entry) -> None:
        """Forget a delivered entry."""
        entry.path.unlink(missing_ok=True)
        self._forget_rejected(entry.registration)

    def _forget_rejected(self, registration: Registration) -> None:
        path = self._find(self._rejected, _digest(registration))
        if path is not None:
            path.unlink(missing_ok=True)

    @staticmethod
    def _find(folder: Path, digest: str) -> Path | None:
        return next(iter(folder.glob(f"*-{digest}.json")), None)


def _digest(registration: Registration) -> str:
    text = f"{store_key(registration.store)}\n{registration.version}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _entries(folder: Path) -> list[Entry]:
    try:
        names = sorted(name for name in os.listdir(folder) if name[0] != ".")
    except FileNotFoundError:
        return []
    return [entry for name in names if (entry := _decode(folder / name)) is not None]


def _encode(registration: Registration, error: str) -> bytes:
    values = {
        "version": registration.version,
        "name": registration.name,
        "store": registration.store.text,
        "model_type": registration.model_type,
        "tags": dict(registration.tags),
        "params": dict(registration.params),
        "diff": registration.diff,
    }
    return json.dumps({"registration": values, "error": error}, indent=1).encode()


def _decode(path: Path) -> Entry | None:
    try:
        loaded: dict[str, Any] = json.loads(path.read_bytes())
        values = loaded["registration"]
        store = Store.from_text(values.pop("store"))
        registration = Registration(store=store, **values)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # Written by another version of gitver, or damaged: nothing here can deliver it.
        return None
    return Entry(path, registration, str(loaded.get("error", "")))

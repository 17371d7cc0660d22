"""Removes kept versions beyond the user's limits on their number and age."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.log import log
from gitver_hooks.history.source import Source, open_source
from gitver_hooks.keeping.kept_refs import KeptRef, all_kept, delete_kept, note_used
from gitver_hooks.pruning.plan import Scope, active_versions, is_unused
from gitver_hooks.pruning.usage import UsageReader
from gitver_hooks.recording.known_models import KnownModels
from gitver_hooks.registry.own_process import prepare_own_process
from gitver_hooks.settings import Settings

_SECONDS = 60.0
_DAY = 86_400.0
# MLflow is asked about each version separately; the remaining ones have their turn next time.
_MOST_QUESTIONS = 50


class TooManyQuestions(Exception):
    """It would take too long to find out which versions are used."""


def prune_automatically(location: Location, environment: Mapping[str, str]) -> None:
    """Remove kept versions beyond the user's limits. A failure is a line in the log.

    Nothing is removed from MLflow or from a remote, and what a worktree has now stays. MLflow is
    asked only if something is too much or too old.
    """
    try:
        with open_source(location.folder, environment, _SECONDS) as source:
            active = active_versions(source.repository)
            refs = [ref for ref in all_kept(source.repository) if ref.kept.version not in active]
            for ref in beyond_limits(refs, source.settings, _UsageCheck(source)):
                delete_kept(source.repository, ref)
    except (GitverError, OSError) as error:
        log(location, f"kept versions are not pruned: {error}", error, environment)


def beyond_limits(
    refs: Sequence[KeptRef], settings: Settings, is_used: Callable[[KeptRef], bool]
) -> list[KeptRef]:
    """Those of ``refs`` (oldest first) that exceed the limits in ``settings``.

    Unused versions go first, the oldest of them first; used ones only if there are too many, and
    never because of their age. ``is_used`` may raise TooManyQuestions: all used ones stay then.
    """
    removed: list[KeptRef] = []
    try:
        for ref in refs:
            too_many = len(refs) - len(removed) > settings.keep_versions
            if not too_many and ref.age <= settings.keep_days * _DAY:
                return removed
            if not is_used(ref):
                removed.append(ref)
    except TooManyQuestions:
        return removed
    used = [ref for ref in refs if ref not in removed]
    return removed + used[: max(0, len(used) - settings.keep_versions)]


class _UsageCheck:
    """Asks MLflow whether anybody uses a version, and remembers those that are used."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._scope: Scope | None = None
        self._questions = 0

    def __call__(self, ref: KeptRef) -> bool:
        if ref.used:
            return True
        self._questions += 1
        if self._questions > _MOST_QUESTIONS:
            raise TooManyQuestions
        if not self._is_used(ref.kept.version):
            return False
        note_used(self._source.repository.location, ref)
        return True

    def _is_used(self, version: str) -> bool:
        scope = self._open()
        models = [model for model in self._models if model.version == version]
        if models:
            return not all(is_unused(scope, model, set(), set()) for model in models)
        return scope.known_models.is_in_another_store(version) or scope.usage.has_version(version)

    def _open(self) -> Scope:
        """Open MLflow for the first question only: importing it alone takes a second."""
        if self._scope is None:
            prepare_own_process(_SECONDS)
            source, reading = self._source, self._source.reading()
            self._scope = Scope(
                source.repository,
                source.settings,
                UsageReader(reading.client, reading.experiment_id, _SECONDS),
                KnownModels(source.repository.location, source.tracking.store),
                sys.maxsize,
            )
            self._models = self._scope.usage.dirty_models()
        return self._scope

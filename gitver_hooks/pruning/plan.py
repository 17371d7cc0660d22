"""Plans what `gitver prune` removes: versions in MLflow, kept code, and known-model files."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from gitver_hooks.gitfiles.location import all_worktrees, recorded_apps
from gitver_hooks.handover.active_state import read_state
from gitver_hooks.history.models import ModelData
from gitver_hooks.keeping.kept_refs import KeptRef, all_kept
from gitver_hooks.keeping.kept_version import ref_suffix
from gitver_hooks.pruning.remote import RemoteRef, remote_refs
from gitver_hooks.pruning.unused import Use, reason_to_stay
from gitver_hooks.pruning.usage import UsageReader
from gitver_hooks.recording.known_models import KnownModels
from gitver_hooks.recording.outbox import Outbox
from gitver_hooks.registry.tags import REPOSITORY_TAG
from gitver_hooks.registry.tracking import is_shared
from gitver_hooks.repository.remote import remote_url
from gitver_hooks.repository.repository import Repository
from gitver_hooks.settings import Settings
from gitver_hooks.version.model_name import app_name, model_name_prefix


@dataclass(frozen=True)
class Scope:
    """The app that a plan is for: its repository and its store.

    Only models created before ``before_ms`` (ms, Unix) may be removed.
    """

    repository: Repository
    settings: Settings
    usage: UsageReader
    known_models: KnownModels
    before_ms: int


@dataclass(frozen=True)
class Plan:
    """The things to remove, as of ``made_ms`` (ms, Unix).

    ``known_models`` are the known-model files: their names and the model ids in them.
    """

    made_ms: int
    models: tuple[ModelData, ...] = ()
    kept: tuple[KeptRef, ...] = ()
    known_models: tuple[tuple[str, str], ...] = ()
    remote: tuple[RemoteRef, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.models or self.kept or self.known_models or self.remote)


def plan_removal(scope: Scope, remote: str | None) -> Plan:
    """Everything that may be removed, also from ``remote`` if that is not None.

    Raises MLflowFailure if the store cannot be asked, and GitverError if the remote cannot.
    """
    made_ms = int(time.time() * 1000)
    registered = scope.usage.dirty_models()
    models = tuple(unused_models(scope, registered))
    removed = {model.version for model in models}
    gone = _Gone(scope, {model.version for model in registered})
    refs = all_kept(scope.repository)
    kept = tuple(
        ref for ref in refs if ref.kept.version in removed or gone.is_gone(ref.kept.version)
    )
    stays = {model.model_id for model in registered} - {model.model_id for model in models}
    known_models = tuple(
        (name, model_id)
        for name, model_id in scope.known_models.files().items()
        if "-dirty-" in name and model_id not in stays
    )
    pushed = () if remote is None else _pushed_refs(scope, remote, refs, removed, gone)
    return Plan(made_ms, models, kept, known_models, tuple(pushed))


def _pushed_refs(
    scope: Scope, remote: str, refs: list[KeptRef], removed: set[str], gone: _Gone
) -> Iterator[RemoteRef]:
    """The refs at the remote that may be removed; ``refs`` are those of this repository."""
    # An embedded store does not know what others have pushed.
    own = {ref_suffix(ref.kept.version) for ref in refs}
    everybodys = is_shared(scope.usage.client.tracking_uri)
    for ref in remote_refs(scope.repository, remote):
        is_ours = everybodys or ref.suffix in own
        if ref.version in removed or (is_ours and gone.is_gone(ref.version)):
            yield ref


def unused_models(scope: Scope, registered: list[ModelData]) -> list[ModelData]:
    """The models of this app that nobody needs."""
    url = remote_url(scope.repository, scope.settings.remote)
    prefix = model_name_prefix(app_name(scope.repository, scope.settings, url))
    candidates = [
        model
        for model in registered
        if model.name.startswith(prefix)
        and model.tags.get(REPOSITORY_TAG) in (None, url)
        # The cheap part of the rule first.
        and reason_to_stay(model, Use(), before_ms=scope.before_ms) is None
    ]
    if not candidates:
        return []
    active = active_versions(scope.repository)
    in_runs = scope.usage.models_of_runs(min(model.created_ms for model in candidates))
    return [model for model in candidates if is_unused(scope, model, active, in_runs)]


def is_unused(scope: Scope, model: ModelData, active: set[str], in_runs: set[str]) -> bool:
    """Whether nobody needs the model, asking for its traces last."""
    use = Use(runs=model.model_id in in_runs, active=model.version in active)
    if reason_to_stay(model, use, before_ms=scope.before_ms) is not None:
        return False
    return not scope.usage.has_traces(model.model_id)


def active_versions(repository: Repository) -> set[str]:
    """The versions that the worktrees of the repository have, or wait to have registered."""
    worktrees = all_worktrees(repository.location, repository.environment)
    states = (read_state(app) for worktree in worktrees for app in recorded_apps(worktree))
    outbox = Outbox(repository.location)
    entries = [*outbox.waiting(), *outbox.rejected()]
    return {
        *(state.version for state in states if state is not None),
        *(entry.registration.version for entry in entries),
    }


class _Gone:
    """Decides whether a kept version is gone from MLflow for good."""

    def __init__(self, scope: Scope, registered: set[str]) -> None:
        self._scope = scope
        self._registered = registered
        self._active = active_versions(scope.repository)

    def is_gone(self, version: str) -> bool:
        """Whether no experiment of this store, and no other store that is known, has it."""
        if version in self._registered or version in self._active:
            return False
        if self._scope.known_models.is_in_another_store(version):
            return False
        return not self._scope.usage.has_version(version)

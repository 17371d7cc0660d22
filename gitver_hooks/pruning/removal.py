"""Removes what a plan lists, looking again right before each removal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gitver_hooks.common.errors import GitverError
from gitver_hooks.keeping.kept_refs import KeptRef, delete_kept
from gitver_hooks.pruning.plan import Plan, Scope, active_versions, is_unused
from gitver_hooks.pruning.remote import RemoteRef, delete_remote_refs


@dataclass(frozen=True)
class Removed:
    """The numbers of removed things, and a line about each that stays although it was planned."""

    models: int
    kept: int
    known_models: int
    remote: int
    problems: tuple[str, ...]


def remove(scope: Scope, plan: Plan, remote: str | None) -> Removed:
    """Remove what ``plan`` lists, except versions that somebody has used or made since."""
    staying: dict[str, str] = {}
    _remove_models(scope, plan, staying)
    active = active_versions(scope.repository)
    kept = [ref for ref in plan.kept if ref.kept.version not in {*staying, *active}]
    stays = {model.model_id for model in plan.models if model.version in staying}
    forgotten = _forget_known_models(scope, plan, stays)
    problems = [f"{version} is not removed: {reason}" for version, reason in staying.items()]
    removed_refs = _delete_kept(scope, kept, problems)
    pushed = [ref for ref in plan.remote if ref.version not in staying]
    if remote is not None:
        pushed = _delete_pushed(scope, remote, pushed, problems)
    removed = len(plan.models) - len(stays)
    return Removed(removed, removed_refs, forgotten, len(pushed), tuple(problems))


def _forget_known_models(scope: Scope, plan: Plan, stays: set[str]) -> int:
    """Forget the known models of the plan, except those in ``stays``; how many there were."""
    present = scope.known_models.files().items()
    forgotten = [
        (name, model_id)
        for name, model_id in plan.known_models
        if (name, model_id) in present and model_id not in stays
    ]
    for name, _ in forgotten:
        scope.known_models.forget_file(name)
    return len(forgotten)


def _delete_pushed(
    scope: Scope, remote: str, pushed: list[RemoteRef], problems: list[str]
) -> list[RemoteRef]:
    """Delete refs at the remote; those that were deleted, which are all or none."""
    try:
        if pushed:
            delete_remote_refs(scope.repository, remote, pushed)
    except GitverError as error:
        problems.append(str(error))
        return []
    return pushed


def _remove_models(scope: Scope, plan: Plan, staying: dict[str, str]) -> None:
    """Delete the models of the plan; ``staying`` gets the reason for each that is not deleted."""
    in_runs = scope.usage.models_of_runs(plan.made_ms) if plan.models else set()
    for planned in plan.models:
        try:
            model = scope.usage.model(planned.model_id)
            if model is None:
                continue
            if not is_unused(scope, model, active_versions(scope.repository), in_runs):
                staying[planned.version] = "somebody has used it just now"
                continue
            scope.usage.delete(planned.model_id)
        except GitverError as error:
            staying[planned.version] = str(error)


def _delete_kept(scope: Scope, refs: list[KeptRef], problems: list[str]) -> int:
    return sum(map(bool, _deletions(scope, refs, problems)))


def _deletions(scope: Scope, refs: list[KeptRef], problems: list[str]) -> Iterator[bool]:
    for ref in refs:
        try:
            yield delete_kept(scope.repository, ref)
        except OSError as error:
            problems.append(f"{ref.name} is not removed: {error.strerror}")

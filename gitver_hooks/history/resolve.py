"""Resolves a user's name for a version: a commit, a version id, a model or a trace."""

from __future__ import annotations

import re

from gitver_hooks.common.errors import GitverError
from gitver_hooks.history.models import ModelData
from gitver_hooks.history.records import Resolved
from gitver_hooks.history.source import Source
from gitver_hooks.history.walk import has_commit
from gitver_hooks.registry.model_id import is_model_id
from gitver_hooks.repository.git_command import git_in
from gitver_hooks.version.identify import identify_worktree

WORKTREE = "@dirty"

_TRACE_ID = re.compile(r"tr-[0-9a-f]{32}|trace:/\S+")
# A dirty version's id or a prefix of it, and the short form that tables show.
_DIRTY = re.compile(r"((?:tree-)?[0-9a-f]{4,64}|unborn)(?:-dirty-|\+)([0-9a-f]{1,8})(?:@.*)?")
_COMMIT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# How long git may take to look up a name.
_SECONDS = 30


def resolve(source: Source, name: str) -> Resolved:
    """The version that ``name`` stands for.

    ``name`` may be ``@dirty`` (the worktree as it is now), a trace id, a model id, a commit-ish as
    git understands it (``HEAD~3``, a branch, a tag, an abbreviated id), a dirty version's id or a
    prefix of one, or a model's name; in this order. Raises GitverError.
    """
    if name == WORKTREE:
        return _worktree(source)
    if _TRACE_ID.fullmatch(name):
        return _of_trace(source, name)
    if is_model_id(name):
        return _of_model(source, name, None)
    commit = git_commit(source, name)
    if commit is not None:
        return _of_version(source, source.version_of_commit(commit), commit, dirty=False)
    if dirty := _DIRTY.fullmatch(name):
        return _of_dirty_prefix(source, name, dirty[1], dirty[2])
    reading = source.reading()
    models = reading.models_named(name)
    if not models and (_COMMIT_ID.fullmatch(name) or "@" in name or name.startswith("tree-")):
        models = reading.models_of_version(name)
    return _only(source, models, name)


def is_commit_id(text: str) -> bool:
    """Whether ``text`` has the form of a commit's full id."""
    return _COMMIT_ID.fullmatch(text) is not None


def names_model_or_trace(name: str) -> bool:
    """Whether ``name`` has the form of a model's or trace's id, which only MLflow can resolve."""
    return is_model_id(name) or _TRACE_ID.fullmatch(name) is not None


def resolve_commit(source: Source, name: str) -> str:
    """The full id of the commit that ``name`` stands for in this repository. Raises GitverError."""
    if name == "HEAD":
        head = source.repository.head_commit()
        if head is None:
            raise GitverError("there is no commit yet", "commit something")
        return head
    commit = git_commit(source, name)
    if commit is None:
        resolved = resolve(source, name)
        commit = resolved.commit
    if commit is None:
        raise GitverError(f"{name} is not a commit in this repository", "check the name")
    return commit


def git_commit(source: Source, name: str) -> str | None:
    """The commit that ``name`` stands for in git's own rules (gitrevisions(7)); None if none.

    Asks git itself, because dulwich knows these rules only in part.
    """
    if not name or "\0" in name:
        return None
    git = git_in(source.repository)
    options = ("--verify", "--quiet", "--end-of-options")
    try:
        completed = git.attempt("rev-parse", *options, f"{name}^{{commit}}", seconds=_SECONDS)
    except GitverError:
        return _commit_without_git(source, name)
    commit = completed.stdout.decode("ascii", "replace").strip()
    return commit if completed.returncode == 0 and _COMMIT_ID.fullmatch(commit) else None


def _commit_without_git(source: Source, name: str) -> str | None:
    from dulwich.objectspec import parse_commit

    try:
        return parse_commit(source.repository.dulwich, name).id.decode("ascii")
    except (KeyError, ValueError):
        return None


def _worktree(source: Source) -> Resolved:
    version = identify_worktree(source.repository, source.settings).version
    return _of_version(source, version.id, version.commit, dirty=version.dirty)


def _of_version(source: Source, version: str, commit: str | None, *, dirty: bool) -> Resolved:
    models = source.reading().models_of_version(version)
    if not models and commit is not None and not dirty:
        # Registered by another tool, or per branch.
        models = [
            model for model in source.reading().models_of_commits([commit]) if not model.dirty
        ]
    if not models:
        return Resolved(version, commit, dirty)
    return _resolved(source, models[0], None)


def _of_model(source: Source, model_id: str, trace_id: str | None) -> Resolved:
    model = source.reading().model(model_id)
    if model is None:
        raise GitverError(f"MLflow has no model {model_id}", "check the id")
    return _resolved(source, model, trace_id)


def _of_trace(source: Source, trace_id: str) -> Resolved:
    reading = source.reading()
    trace = reading.trace(trace_id)
    if trace is None:
        raise GitverError(
            f"MLflow has no trace {trace_id} in this experiment", "check the id and `experiment`"
        )
    if trace.model_id is None:
        raise GitverError(
            f"the trace {trace_id} is not linked to a version",
            "import gitver_hooks.shim in the app, so that its traces are",
        )
    return _of_model(source, trace.model_id, trace_id)


def _of_dirty_prefix(source: Source, name: str, commit_prefix: str, digest: str) -> Resolved:
    commit = git_commit(source, commit_prefix)
    reading = source.reading()
    if commit is None:
        return _only(source, reading.models_of_version(name), name)
    models = [
        model
        for model in reading.models_of_commits([commit])
        if model.dirty and model.version.partition("-dirty-")[2].startswith(digest)
    ]
    return _only(source, models, name)


def _only(source: Source, models: list[ModelData], name: str) -> Resolved:
    if not models:
        raise GitverError(
            f"{name} is neither a commit here nor a version, model or trace in MLflow",
            "`gitver log` lists the versions",
        )
    versions = sorted({model.version for model in models})
    if len(versions) > 1:
        raise GitverError(f"{name} is ambiguous", f"it may be {', '.join(versions[:5])}")
    return _resolved(source, models[0], None)


def _resolved(source: Source, model: ModelData, trace_id: str | None) -> Resolved:
    commit = model.commit or None
    if commit is not None and not has_commit(source.repository, commit):
        commit = None
    return Resolved(model.version, commit, model.dirty, model.model_id, model.name, trace_id)

"""Show the version, its model, where MLflow is, and whether the active model is up to date.

Also lists what is wrong with the settings. Changes nothing and does not contact MLflow.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from gitver_hooks.commands.app_option import add_app_option, app_folder
from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.printing import show, show_json
from gitver_hooks.diagnosis.paths import counted_files, paths_problems
from gitver_hooks.diagnosis.settings import settings_problems
from gitver_hooks.floods.guard import flood_problem
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.active_model_file import read_active_model_file
from gitver_hooks.handover.active_state import read_state
from gitver_hooks.handover.current_state import current_state, is_store_of_app
from gitver_hooks.handover.environment import is_disabled
from gitver_hooks.installation.hooks_folder import NATIVE, hooks_in_place
from gitver_hooks.recording.known_models import KnownModels
from gitver_hooks.recording.named_apps import name_problems, named_apps
from gitver_hooks.recording.outbox import Entry, Outbox
from gitver_hooks.registry.tracked_store import worktree_tracking
from gitver_hooks.registry.tracking import Tracking
from gitver_hooks.repository.repository import Repository, no_worktree, open_repository
from gitver_hooks.runtime.app_location import locate_app
from gitver_hooks.settings import SETTINGS_FILE, Settings, survey_settings
from gitver_hooks.settings.keys import KEYS
from gitver_hooks.settings.sources import shown_value
from gitver_hooks.version.identify import Identified, identify_worktree
from gitver_hooks.version.model_name import model_name

# An outbox may contain thousands of entries.
_MOST_ENTRIES = 10
_ACTIVE = {
    "fresh": "fresh: apps here are linked to this model",
    "stale": "stale: the code or the store has changed; the shim or the next hook updates it",
    "off": "off: GITVER_DISABLE is set",
    "absent": "none: this version is not registered; `gitver model` or the shim registers it",
    "unknown": "unknown: see the problems below",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--check", action="store_true", help="exit 1 unless a fresh active model is in place"
    )
    add_app_option(parser)


def run(arguments: argparse.Namespace) -> int:
    location, file = locate_app(app_folder(arguments), arguments.environment)
    if location is not None:
        facts = _facts(location, arguments.environment)
    elif file is not None:
        facts = {"model_id": read_active_model_file(file), "active": "trusted", "file": file}
    else:
        raise no_worktree(arguments.folder)
    if arguments.json:
        show_json(facts)
    else:
        for line in _lines(facts):
            show(line)
    return 1 if arguments.check and facts["active"] not in ("fresh", "trusted") else 0


def _facts(location: Location, environment: Mapping[str, str]) -> dict[str, Any]:
    with open_repository(location, environment) as repository:
        problems = [str(problem) for problem in settings_problems(repository)]
        survey = survey_settings(repository)
        apps = named_apps(repository)
        problems += map(str, name_problems(apps))
        tracking = None
        facts: dict[str, Any] = {"worktree": location.worktree}
        try:
            tracking = worktree_tracking(repository, survey.settings)
            identified = identify_worktree(repository, survey.settings)
            facts |= _version_facts(repository, identified, tracking)
            problems += map(str, paths_problems(repository, identified.content))
            flood = flood_problem(repository, identified)
            problems += [str(flood)] if flood is not None else []
        except GitverError as error:
            problems.append(str(error))
            facts |= {"version": None, "model_id": None, "model_name": None, "active": "unknown"}
    return facts | {
        "tracking_uri": tracking.store.tracking_uri if tracking else None,
        "tracking_uri_source": tracking.uri_source if tracking else None,
        "experiment": str(tracking.store.experiment) if tracking else None,
        "settings": _settings_facts(survey.settings),
        "not_allowed": {
            request.key.name: shown_value(request.key, request.value) for request in survey.refused
        },
        "hooks": hooks_in_place(location, environment),
        "apps": [str(app) for app in apps],
        **_outbox_facts(Outbox(location)),
        # A wrong tracking URI is both a wrong setting and a reason for having no store.
        "problems": list(dict.fromkeys(problems)),
    }


def _version_facts(
    repository: Repository, identified: Identified, tracking: Tracking
) -> dict[str, Any]:
    location = repository.location
    version, owner = identified.version, identified.owner
    known_models = KnownModels(location, tracking.store)
    return {
        "app": identified.app,
        "folder": location.folder,
        "files": counted_files(identified.content),
        "is_part": not identified.content.scope.is_everything,
        "version": version._asdict(),
        "model_id": known_models.get(version.id, owner),
        "model_name": known_models.name(version.id, owner) or model_name(identified.app, version),
        "active": _active(location, version.id, repository.environment),
    }


def _settings_facts(settings: Settings) -> dict[str, dict[str, str]]:
    """The value and the source of each setting that is not the default."""
    return {
        name: {"value": shown_value(KEYS[name], getattr(settings, name)), "source": str(source)}
        for name, source in settings.sources.items()
    }


def _outbox_facts(outbox: Outbox) -> dict[str, Any]:
    waiting_count, rejected_count = outbox.counts()
    return {
        "waiting_count": waiting_count,
        "waiting": [_entry_facts(entry) for entry in outbox.waiting(_MOST_ENTRIES)],
        "rejected_count": rejected_count,
        "rejected": [_entry_facts(entry) for entry in outbox.rejected(_MOST_ENTRIES)],
    }


def _entry_facts(entry: Entry) -> dict[str, str]:
    registration = entry.registration
    return {"name": registration.name, "version": registration.version, "reason": entry.error}


def _active(location: Location, version_id: str, environment: Mapping[str, str]) -> str:
    """The state of the active-model file for an app started here: a key of ``_ACTIVE``."""
    if is_disabled(environment):
        return "off"
    model_id = read_active_model_file(location.active_model_file)
    if model_id is None:
        return "absent"
    if current_state(location, environment) is not None:
        return "fresh"
    state = read_state(location)
    is_right = (
        state is not None
        and state.version == version_id
        and state.model_id == model_id
        and is_store_of_app(state, environment)
    )
    return "fresh" if is_right else "stale"


def _lines(facts: dict[str, Any]) -> list[str]:
    if "version" not in facts:
        return [
            f"model      {facts['model_id']}",
            f"active     trusted: {facts['file']}, without a git repository to check it against",
        ]
    lines = [
        *_app_lines(facts),
        f"version    {_version_text(facts['version'])}",
        f"model      {facts['model_id'] or 'not registered'}  {facts['model_name'] or ''}".rstrip(),
        f"active     {_ACTIVE[facts['active']]}",
        f"MLflow     {_store_text(facts)}",
        f"hooks      {_hooks_text(facts['hooks'])}",
        f"outbox     {facts['waiting_count']} waiting, {facts['rejected_count']} set aside",
    ]
    for name, setting in facts["settings"].items():
        lines.append(f"setting    {name}: {setting['value']}  (from {setting['source']})")
    for name, value in facts["not_allowed"].items():
        lines.append(f"refused    {name}: {value}  (from {SETTINGS_FILE}; see `gitver allow`)")
    for kind in ("waiting", "rejected"):
        lines += _entry_lines(kind, facts[kind], facts[f"{kind}_count"])
    return lines + [f"problem    {problem}" for problem in facts["problems"]]


def _app_lines(facts: dict[str, Any]) -> list[str]:
    """The lines about the app, unless it is the whole repository."""
    lines = []
    if facts.get("is_part"):
        count = "1 file counts" if facts["files"] == 1 else f"{facts['files']} files count"
        lines.append(f"app        {facts['app']} in {facts['folder']}: {count}")
    if len(facts["apps"]) > 1:
        lines.append(f"apps       {', '.join(facts['apps'])}")
    return lines


def _version_text(version: dict[str, Any] | None) -> str:
    if version is None:
        return "unknown"
    state = "dirty" if version["dirty"] else "clean"
    branch = f"on {version['branch']}" if version["branch"] else "detached HEAD"
    return f"{version['id']} ({state}, {branch})"


def _store_text(facts: dict[str, Any]) -> str:
    if facts["tracking_uri"] is None:
        return "unknown"
    source = facts["tracking_uri_source"]
    return f"{facts['tracking_uri']} (from the {source}), experiment {facts['experiment']}"


def _hooks_text(hooks: dict[str, str]) -> str:
    if not hooks:
        return "none: run `gitver install`"
    return " ".join(
        name if means == NATIVE else f"{name} ({means})" for name, means in hooks.items()
    )


def _entry_lines(kind: str, entries: list[dict[str, str]], count: int) -> list[str]:
    lines = []
    for entry in entries:
        reason = f": {entry['reason']}" if entry["reason"] else ""
        lines.append(f"  {kind}  {entry['name']}{reason}")
    if count > len(entries):
        lines.append(f"  {kind}  and {count - len(entries)} more")
    return lines

"""Show the version, its model, where MLflow is, and whether the active model is the right one."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.active_model_file import read_active_model_file
from gitver_hooks.handover.active_state import read_state
from gitver_hooks.handover.current_state import current_state, is_store_of_app
from gitver_hooks.handover.environment import is_disabled
from gitver_hooks.installation.hooks_folder import NATIVE, hooks_in_place
from gitver_hooks.recording.known_models import KnownModels
from gitver_hooks.recording.outbox import Outbox
from gitver_hooks.registry.tracking import resolve_tracking
from gitver_hooks.repository.remote import main_worktree
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.runtime.app_location import locate_app
from gitver_hooks.settings import SETTINGS_FILE, Settings, survey_settings
from gitver_hooks.settings.keys import KEYS
from gitver_hooks.settings.sources import shown_value
from gitver_hooks.version.identify import identify_worktree
from gitver_hooks.version.model_name import app_name, model_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument(
        "--check", action="store_true", help="exit 1 unless a fresh active model is in place"
    )


def run(arguments: argparse.Namespace) -> int:
    location, file = locate_app(arguments.folder, arguments.environment)
    if location is not None:
        facts = _facts(location, arguments.environment)
    elif file is not None:
        facts = {"model_id": read_active_model_file(file), "active": "trusted", "file": file}
    else:
        raise GitverError(
            f"{Path.cwd()} is not inside a git worktree", "run this inside a clone, or `git init`"
        )
    if arguments.json:
        print(json.dumps(facts, indent=2))
    else:
        for line in _lines(facts):
            print(line)
    return 1 if arguments.check and facts["active"] not in ("fresh", "trusted") else 0


def _facts(location: Location, environment: Mapping[str, str]) -> dict[str, Any]:
    with open_repository(location, environment) as repository:
        survey = survey_settings(repository)
        if survey.problems:
            raise survey.problems[0]
        settings = survey.settings
        tracking = resolve_tracking(settings, main_worktree(repository))
        version = identify_worktree(repository, settings).version
        name = model_name(app_name(repository, settings, version.remote_url), version)
    outbox = Outbox(location)
    return {
        "worktree": location.worktree,
        "version": asdict(version),
        "model_id": KnownModels(location, tracking.store).get(version.id),
        "model_name": name,
        "active": _active(location, version.id, environment),
        "tracking_uri": tracking.store.tracking_uri,
        "tracking_uri_source": tracking.uri_source,
        "experiment": str(tracking.store.experiment),
        "settings": _settings_facts(settings),
        "not_allowed": {r.key.name: shown_value(r.key, r.value) for r in survey.refused},
        "hooks": hooks_in_place(location),
        "waiting": [
            {"name": e.registration.name, "version": e.registration.version, "reason": e.error}
            for e in outbox.waiting()
        ],
        "rejected": [
            {"name": e.registration.name, "version": e.registration.version, "reason": e.error}
            for e in outbox.rejected()
        ],
    }


def _settings_facts(settings: Settings) -> dict[str, dict[str, str]]:
    """The value and the source of each setting that is not the default."""
    return {
        name: {"value": shown_value(KEYS[name], getattr(settings, name)), "source": str(source)}
        for name, source in settings.sources.items()
    }


def _active(location: Location, version_id: str, environment: Mapping[str, str]) -> str:
    """``fresh``, ``stale``, ``absent`` or ``off``: what the active-model file is to an app here."""
    if is_disabled(environment):
        return "off"
    in_file = read_active_model_file(location.active_model_file)
    if in_file is None:
        return "absent"
    if current_state(location, environment) is not None:
        return "fresh"
    state = read_state(location)
    is_right = (
        state is not None
        and state.version == version_id
        and state.model_id == in_file
        and is_store_of_app(state, environment)
    )
    return "fresh" if is_right else "stale"


def _lines(facts: dict[str, Any]) -> list[str]:
    if "version" not in facts:
        return [
            f"model      {facts['model_id']}",
            f"active     trusted: {facts['file']}, and no git to check it against",
        ]
    version = facts["version"]
    state = "dirty" if version["dirty"] else "clean"
    branch = f", on {version['branch']}" if version["branch"] else ", on no branch"
    active = {
        "fresh": "fresh: apps here are linked to this model",
        "stale": "stale: the code or the store has changed; the shim or the next hook sees to it",
        "off": "off: GITVER_DISABLE is set",
        "absent": "none: `gitver model` registers this version, as the shim would",
    }[facts["active"]]
    lines = [
        f"version    {version['id']} ({state}{branch})",
        f"model      {facts['model_id'] or 'not registered'}  {facts['model_name']}",
        f"active     {active}",
        f"MLflow     {facts['tracking_uri']} (from the {facts['tracking_uri_source']}), "
        f"experiment {facts['experiment']}",
        f"hooks      {_hooks_text(facts['hooks'])}",
        f"outbox     {len(facts['waiting'])} waiting, {len(facts['rejected'])} set aside",
    ]
    for name, setting in facts["settings"].items():
        lines.append(f"setting    {name}: {setting['value']}  (from {setting['source']})")
    for name, value in facts["not_allowed"].items():
        lines.append(f"refused    {name}: {value}  (from {SETTINGS_FILE}; see `gitver allow`)")
    for kind in ("waiting", "rejected"):
        for entry in facts[kind]:
            reason = f": {entry['reason']}" if entry["reason"] else ""
            lines.append(f"  {kind}  {entry['name']}{reason}")
    return lines


def _hooks_text(hooks: dict[str, str]) -> str:
    if not hooks:
        return "none: run `gitver install`"
    return " ".join(
        name if means == NATIVE else f"{name} ({means})" for name, means in hooks.items()
    )

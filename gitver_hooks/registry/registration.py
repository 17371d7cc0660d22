"""Registration: what is to be registered in MLflow for one version, as it was at the commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Experiment:
    """The experiment a LoggedModel belongs to: by id where that is known, else by name."""

    name: str = "Default"
    id: str | None = None


@dataclass(frozen=True)
class Store:
    """Where LoggedModels go: a tracking URI without credentials, and an experiment in it."""

    tracking_uri: str
    experiment: Experiment


@dataclass(frozen=True)
class Registration:
    """One LoggedModel that MLflow is asked for.

    ``version`` is the version id, ``name`` the LoggedModel's name. ``tags`` hold ``gitver.version``
    among others; ``params`` is the flattened configuration. Nothing in it is looked up again later:
    what is delivered is what was true when it was written.
    """

    version: str
    name: str
    store: Store
    model_type: str = "agent"
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)

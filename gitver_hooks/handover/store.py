"""Names where LoggedModels go: a store and an experiment in it.

Standard library only.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

TRACKING_URI = "MLFLOW_TRACKING_URI"
EXPERIMENT_NAME = "MLFLOW_EXPERIMENT_NAME"
EXPERIMENT_ID = "MLFLOW_EXPERIMENT_ID"

# Who chose a store or an experiment: MLflow's own variables, the settings, or neither.
ENVIRONMENT = "environment"
SETTINGS = "settings"
DEFAULT = "default"


class Experiment:
    """An experiment, named by its id or by its name. Equal if both are equal."""

    __slots__ = ("id", "name")

    def __init__(self, name: str = "Default", id: str | None = None) -> None:  # noqa: A002
        self.name = "" if id else name
        self.id = id or None

    @property
    def text(self) -> str:
        """The text form, ``id:7`` or ``name:Default``; ``from_text`` reads it back."""
        return f"id:{self.id}" if self.id else f"name:{self.name}"

    @classmethod
    def from_text(cls, text: str) -> Experiment:
        """The experiment that ``text`` stands for (see ``text``)."""
        kind, _, value = text.partition(":")
        return cls(id=value) if kind == "id" else cls(value)

    def __str__(self) -> str:
        return f"with id {self.id}" if self.id else self.name

    def __repr__(self) -> str:
        return f"Experiment({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Experiment) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


class Store:
    """A tracking URI without credentials and an experiment in it. Equal if both are equal."""

    __slots__ = ("experiment", "tracking_uri")

    def __init__(self, tracking_uri: str, experiment: Experiment) -> None:
        self.tracking_uri = tracking_uri
        self.experiment = experiment

    @property
    def text(self) -> str:
        """The text form, one line for each part; ``from_text`` reads it back."""
        return f"{self.tracking_uri}\n{self.experiment.text}"

    @property
    def key(self) -> str:
        """A short file name for what belongs to this store."""
        from hashlib import sha256

        return sha256(self.text.encode("utf-8", "surrogateescape")).hexdigest()[:16]

    @classmethod
    def from_text(cls, text: str) -> Store:
        """The store that ``text`` stands for (see ``text``)."""
        tracking_uri, _, experiment = text.partition("\n")
        return cls(tracking_uri, Experiment.from_text(experiment))

    def __repr__(self) -> str:
        return f"Store({self.tracking_uri!r}, {self.experiment!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Store) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def chosen_tracking_uri(environment: Mapping[str, str]) -> str | None:
    """The tracking URI that MLflow's own variable chooses, as it was given; None if unset."""
    return environment.get(TRACKING_URI) or None


def chosen_experiment(environment: Mapping[str, str]) -> Experiment | None:
    """The experiment that MLflow's own variables choose; None if they are unset.

    The name takes precedence over the id, as in ``mlflow.tracking.fluent._get_experiment_id``.
    """
    name, identity = environment.get(EXPERIMENT_NAME), environment.get(EXPERIMENT_ID)
    if name:
        return Experiment(name)
    return Experiment(id=identity) if identity else None

"""Stores and experiments: one text form each, and what MLflow's variables choose."""

from __future__ import annotations

import pytest

from gitver_hooks.handover.store import Experiment, Store, chosen_experiment, chosen_tracking_uri

EXPERIMENTS = [
    Experiment(),
    Experiment("shop"),
    Experiment("id:7"),
    Experiment("name:x"),
    Experiment("a:b\tc"),
    Experiment(id="7"),
]


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=repr)
def test_the_text_form_of_an_experiment_is_read_back(experiment: Experiment) -> None:
    assert Experiment.from_text(experiment.text) == experiment
    store = Store("sqlite:////tmp/a:b.db", experiment)
    assert Store.from_text(store.text) == store


def test_an_experiment_named_like_an_id_is_not_that_id() -> None:
    assert Experiment("id:7") != Experiment(id="7")
    assert Store("x", Experiment("7")).key != Store("x", Experiment(id="7")).key


def test_the_name_of_an_experiment_wins_over_its_id() -> None:
    both = {"MLFLOW_EXPERIMENT_NAME": "shop", "MLFLOW_EXPERIMENT_ID": "7"}
    assert chosen_experiment(both) == Experiment("shop")
    assert chosen_experiment({"MLFLOW_EXPERIMENT_ID": "7"}) == Experiment(id="7")


def test_an_empty_variable_chooses_nothing() -> None:
    empty = {
        "MLFLOW_TRACKING_URI": "",
        "MLFLOW_EXPERIMENT_NAME": "",
        "MLFLOW_EXPERIMENT_ID": "",
    }
    assert chosen_experiment(empty) is None
    assert chosen_tracking_uri(empty) is None

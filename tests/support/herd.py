"""Many processes that register one version at one moment, some killed at random, for the tests.

``python herd.py URI EXPERIMENT ROUNDS REGISTRARS KILLED SEED`` prints one JSON object a round: the
ids that the survivors got, what a later registrar got, how the LoggedModels stood then, and how
they stood once that registrar had tidied up; ``seconds`` is from the release to the last answer.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.registry.convergence import FATE, find_or_create
from gitver_hooks.registry.registration import Registration
from gitver_hooks.registry.store import open_store, prepare_environment

NAME = "app-git-0a1b2c3d"


@dataclass
class Round:
    """What came of one round."""

    ids: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    later: str = ""
    standing: list[tuple[str, str, str | None]] = field(default_factory=list)
    tidied: list[str] = field(default_factory=list)
    killed: int = 0
    seconds: float = 0.0


class Registrar:
    """A process that opens the store, waits for the release, registers, and answers with the id."""

    def __init__(self, work: Callable[[Callable[[], None]], str], release: int) -> None:
        self.ready, ready = os.pipe()
        self.answer, answer = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(ready)
            os.close(answer)
            return
        os.close(self.ready)

        def wait() -> None:
            os.write(ready, b".")
            os.read(release, 1)

        try:
            text = work(wait)
        except BaseException as error:
            text = f"error: {error}"
        os.write(answer, text.encode())
        os._exit(0)

    def result(self) -> str:
        """The id, a line that starts with ``error:``, or nothing from one that was killed."""
        with os.fdopen(self.answer, "rb") as answer:
            text = answer.read().decode()
        os.close(self.ready)
        os.waitpid(self.pid, 0)
        return text


def register(uri: str, experiment: str, version: str, wait: Callable[[], None]) -> str:
    client = open_store(uri)
    client.get_experiment(experiment)
    registration = Registration(
        version,
        NAME,
        Store(uri, Experiment("", id=experiment)),
        tags={"gitver.version": version},
        params={f"param.{number}": str(number) for number in range(101)},
    )
    wait()
    return find_or_create(client, experiment, registration, deadline=time.monotonic() + 60)


def look(uri: str, experiment: str, version: str) -> list[tuple[str, str, str | None]]:
    """Id, status and fate of the LoggedModels of the version that are not deleted."""
    models = open_store(uri).search_logged_models(
        [experiment], filter_string=f"name = '{NAME}'", max_results=1000
    )
    return [
        (one.model_id, one.status.value, one.params.get(FATE))
        for one in models
        if one.tags.get("gitver.version") == version
    ]


def alone(work: Callable[[], str]) -> str:
    """What ``work`` returns in a process of its own: no fork may inherit a connection."""
    release, hold = os.pipe()
    os.close(hold)
    result = Registrar(lambda wait: work(), release).result()
    os.close(release)
    return result


def play(
    uri: str, experiment: str, version: str, registrars: int, killed: int, window: float
) -> Round:
    release, hold = os.pipe()

    def work(wait: Callable[[], None]) -> str:
        # Each holds the end that keeps the others waiting, unless it lets go of it.
        os.close(hold)
        return register(uri, experiment, version, wait)

    herd = [Registrar(work, release) for _ in range(registrars)]
    for one in herd:
        os.read(one.ready, 1)
    started = time.monotonic()
    os.close(hold)
    moments = sorted(random.uniform(0, window) for _ in range(killed))
    for moment, victim in zip(moments, random.sample(herd, killed), strict=True):
        time.sleep(max(0.0, started + moment - time.monotonic()))
        os.kill(victim.pid, signal.SIGKILL)
    answers = [one.result() for one in herd]
    os.close(release)
    done = Round(seconds=time.monotonic() - started, killed=answers.count(""))
    done.ids = [each for each in answers if each.startswith("m-")]
    done.errors = [each for each in answers if each.startswith("error:")]
    done.later = alone(lambda: register(uri, experiment, version, lambda: None))
    done.standing = json.loads(alone(lambda: json.dumps(look(uri, experiment, version))))

    def tidy() -> str:
        now = time.time
        time.time = lambda: now() + 61
        return register(uri, experiment, version, lambda: None)

    alone(tidy)
    done.tidied = json.loads(
        alone(lambda: json.dumps([one[0] for one in look(uri, experiment, version)]))
    )
    return done


def main() -> None:
    uri, experiment, *numbers = sys.argv[1:]
    rounds, registrars, killed, seed = map(int, numbers)
    random.seed(seed)
    prepare_environment(60)
    # Imported before the forks, so that all that is left to each is the registering.
    import mlflow.store.tracking.rest_store
    import mlflow.store.tracking.sqlalchemy_store  # noqa: F401
    from sqlalchemy.orm import configure_mappers

    from gitver_hooks.registry.database import expected_revision

    configure_mappers()
    expected_revision()

    window = 1.0
    for number in range(rounds):
        done = play(uri, experiment, f"{seed:08x}{number:032x}", registrars, killed, window)
        window = max(0.05, done.seconds)
        print(json.dumps(asdict(done)), flush=True)


if __name__ == "__main__":
    main()

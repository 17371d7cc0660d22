"""Many processes that register one version at the same moment, some of them killed, for the tests.

``python herd.py URI EXPERIMENT ROUNDS REGISTRARS KILLED SEED [REPOSITORY]`` prints one JSON object
per round: the ids that the survivors got, what a later registrar got, how the LoggedModels stood
then, and how they stood once that registrar had tidied up; ``seconds`` is the time from the release
to the last answer. With a git repository, each round begins with a commit for which MLflow's own
mechanisms create a model each, in random order; ``oldest`` is the first of the two.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.registry.candidates import FATE
from gitver_hooks.registry.convergence import find_or_create
from gitver_hooks.registry.own_process import prepare_own_process
from gitver_hooks.registry.registration import Registration
from gitver_hooks.registry.store import open_store

REMOTE = "https://git.example/app.git"


@dataclass
class Round:
    """The outcome of one round."""

    ids: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    oldest: str = ""
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


@dataclass(frozen=True)
class Race:
    """What all registrars of a round register, and where."""

    uri: str
    experiment: str
    version: str

    @property
    def name(self) -> str:
        return f"app-git-{self.version[:8]}"

    def register(self, wait: Callable[[], None] = lambda: None) -> str:
        client = open_store(self.uri)
        client.get_experiment(self.experiment)
        registration = Registration(
            self.version,
            self.name,
            Store(self.uri, Experiment("", id=self.experiment)),
            tags={
                "gitver.version": self.version,
                "mlflow.source.git.commit": self.version,
                "mlflow.source.git.branch": "main",
                "mlflow.source.git.dirty": "false",
                "mlflow.source.git.repoURL": REMOTE,
            },
            params={f"gitver.params.{number}": str(number) for number in range(101)},
        )
        wait()
        return find_or_create(client, self.experiment, registration, deadline=time.monotonic() + 90)

    def look(self) -> list[tuple[str, str, str | None]]:
        """Id, status and fate of the LoggedModels of the version that are not deleted."""
        models = open_store(self.uri).search_logged_models([self.experiment], max_results=1000)
        return [
            (each.model_id, each.status.value, each.params.get(FATE))
            for each in models
            if each.tags.get("gitver.version") == self.version
        ]

    def create_as_mlflow_does(self, repository: str) -> str:
        """One model by the snippet of MLflow's guide, one by its git versioning; the older one."""
        import mlflow

        os.chdir(repository)
        mlflow.set_tracking_uri(self.uri)
        mlflow.set_experiment(experiment_id=self.experiment)

        def snippet() -> str:
            return str(mlflow.set_active_model(name=self.name).model_id)

        def git_versioning() -> str:
            return str(mlflow.genai.enable_git_model_versioning().active_model.model_id)

        first, second = random.sample([snippet, git_versioning], 2)
        oldest = first()
        time.sleep(0.002)
        assert second() != oldest
        return oldest


def alone(work: Callable[[], str]) -> str:
    """What ``work`` returns in a process of its own: no fork may inherit a connection."""
    release, hold = os.pipe()
    os.close(hold)
    result = Registrar(lambda wait: work(), release).result()
    os.close(release)
    return result


def play(race: Race, registrars: int, killed: int, window: float, repository: str) -> Round:
    oldest = alone(lambda: race.create_as_mlflow_does(repository)) if repository else ""
    release, hold = os.pipe()

    def work(wait: Callable[[], None]) -> str:
        # Each inherits the end of the pipe that keeps the others waiting.
        os.close(hold)
        return race.register(wait)

    herd = [Registrar(work, release) for _ in range(registrars)]
    for registrar in herd:
        os.read(registrar.ready, 1)
    started = time.monotonic()
    os.close(hold)
    moments = sorted(random.uniform(0, window) for _ in range(killed))
    for moment, victim in zip(moments, random.sample(herd, killed), strict=True):
        time.sleep(max(0.0, started + moment - time.monotonic()))
        os.kill(victim.pid, signal.SIGKILL)
    answers = [registrar.result() for registrar in herd]
    os.close(release)
    done = Round(seconds=time.monotonic() - started, killed=answers.count(""), oldest=oldest)
    done.ids = [answer for answer in answers if answer.startswith("m-")]
    done.errors = [answer for answer in answers if answer.startswith("error:")]
    done.later = alone(race.register)
    done.standing = json.loads(alone(lambda: json.dumps(race.look())))

    def tidy() -> str:
        now = time.time
        time.time = lambda: now() + 61
        return race.register()

    alone(tidy)
    done.tidied = json.loads(alone(lambda: json.dumps([each[0] for each in race.look()])))
    return done


def new_commit(repository: str) -> str:
    git = ["git", "-C", repository]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "round"], check=True)
    return subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip()


def main() -> None:
    uri, experiment, *numbers = sys.argv[1:6]
    rounds, registrars, killed = map(int, numbers)
    seed = int(sys.argv[6])
    repository = sys.argv[7] if len(sys.argv) > 7 else ""
    random.seed(seed)
    # The folder of this file holds a module of the same name as GitPython's.
    sys.path.remove(os.path.dirname(os.path.abspath(__file__)))
    if repository:
        # MLflow's git versioning needs what gitver's processes leave out.
        importlib.import_module("pandas")
    prepare_own_process(60)
    # Imported before the forks, so that nothing but the registering is left to each.
    import mlflow.genai
    import mlflow.store.tracking.rest_store
    import mlflow.store.tracking.sqlalchemy_store  # noqa: F401
    from sqlalchemy.orm import configure_mappers

    from gitver_hooks.registry.database import expected_revision

    configure_mappers()
    expected_revision()

    window = 1.0
    for number in range(rounds):
        version = new_commit(repository) if repository else f"{seed + number:08x}{number:032x}"
        done = play(Race(uri, experiment, version), registrars, killed, window, repository)
        window = max(0.05, done.seconds)
        print(json.dumps(asdict(done)), flush=True)


if __name__ == "__main__":
    main()

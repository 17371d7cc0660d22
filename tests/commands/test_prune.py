"""`gitver prune`: removes what nobody needs, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.commands import Done
from support.git import Git
from support.kept import keep_tree
from support.registering import OpenStore, run_python

from gitver_hooks.gitfiles.location import find_location
from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.history.source import open_source
from gitver_hooks.keeping.kept_refs import ref_name
from gitver_hooks.pruning.automatic import prune_automatically
from gitver_hooks.pruning.plan import Scope, plan_removal
from gitver_hooks.pruning.removal import remove
from gitver_hooks.pruning.usage import UsageReader
from gitver_hooks.recording.known_models import KnownModels

Gitver = Callable[..., Done]

# Each program uses the model `model_id`.
USES = {
    "traced": "mlflow.set_active_model(model_id=model_id); mlflow.trace(lambda: 1)()",
    "traced-elsewhere": (
        "mlflow.set_experiment(f'elsewhere of {model_id}'); "
        "mlflow.set_active_model(model_id=model_id); mlflow.trace(lambda: 1)()"
    ),
    "measured": (
        "run = client.create_run(experiment); "
        "client.log_metric(run.info.run_id, 'score', 1.0, model_id=model_id)"
    ),
    "input-of-a-run": (
        "from mlflow.entities import LoggedModelInput; run = client.create_run(experiment); "
        "client.log_inputs(run.info.run_id, models=[LoggedModelInput(model_id)])"
    ),
    "tagged": "client.set_logged_model_tags(model_id, {'best': 'yes'})",
    "with-params": "client.log_model_params(model_id, {'temperature': '0'})",
}


class Versions:
    """Dirty versions of the repository's HEAD, registered in a store and kept."""

    def __init__(self, git: Git, store: OpenStore) -> None:
        self.git, self.store = git, store
        self.models: dict[str, str] = {}
        location = find_location(str(git.path), os.environ)
        assert location is not None
        store_key = Store(store.uri, Experiment("", id=store.experiment))
        self.known = KnownModels(location, store_key)

    def version(self, name: str) -> str:
        digest = f"{sum(name.encode()):08x}"
        return f"{self.git('rev-parse', 'HEAD')[:32]}-dirty-{digest}"

    def keep(self, name: str) -> None:
        keep_tree(self.git, self.version(name), self.git("rev-parse", "HEAD^{tree}"))

    def register(self, name: str, model_name: str = "", repository: str | None = None) -> None:
        version = self.version(name)
        tags = {
            "gitver.version": version,
            "mlflow.source.git.commit": self.git("rev-parse", "HEAD"),
            "mlflow.source.git.dirty": "true",
        }
        if repository is not None:
            tags["mlflow.source.git.repoURL"] = repository
        model_name = model_name or f"app-git-{version[:8]}-dirty-{version[-8:]}"
        self.models[name] = self.store.model(model_name, tags, {"gitver.fate": "ready"}, "READY")
        self.known.put(version, self.models[name])
        self.keep(name)

    def use(self, names: list[str], folder: Path) -> None:
        lines = ["import mlflow", "client = mlflow.MlflowClient()"]
        for name in names:
            lines += [
                f"experiment, model_id = {self.store.experiment!r}, {self.models[name]!r}",
                "mlflow.set_experiment(experiment_id=experiment)",
                USES[name],
            ]
        lines.append("mlflow.flush_trace_async_logging() if 'http' in client.tracking_uri else 0")
        run_python(folder, self.store.uri, "\n".join(lines))

    @property
    def live(self) -> set[str]:
        found = self.store.client.search_logged_models(experiment_ids=[self.store.experiment])
        ids = {model.model_id for model in found}
        return {name for name, model_id in self.models.items() if model_id in ids}

    def kept(self, names: list[str]) -> set[str]:
        refs = self.git("for-each-ref", "--format=%(refname)", "refs/gitver/").split()
        return {name for name in names if ref_name(self.version(name)) in refs}


@pytest.fixture
def versions(git: Git, store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> Versions:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", store.experiment)
    return Versions(git, store)


@pytest.fixture
def embedded(
    git: Git, embedded_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Versions]:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", embedded_store.uri)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", embedded_store.experiment)
    yield Versions(git, embedded_store)


def test_only_unused_versions_are_removed(
    versions: Versions, gitver: Gitver, tmp_path: Path
) -> None:
    for name in ("unused", *USES):
        versions.register(name)
    versions.register("of another app", "other-git-00000000-dirty-00000000")
    versions.register("of another repository", repository="https://example.com/other.git")
    others = {"of another app", "of another repository"}
    versions.keep("gone")
    clean = versions.git("rev-parse", "HEAD")
    versions.known.put(clean, "m-" + "2" * 32)
    names = [*versions.models, "gone"]
    versions.use(list(USES), tmp_path)
    looked = gitver(versions.git.path, "prune", "--older-than", "0h", "--dry-run")
    assert (looked.returncode, looked.stderr) == (0, "")
    assert looked.stdout.startswith("1 unused versions in MLflow")
    assert versions.version("unused") in looked.stdout
    assert versions.live == set(versions.models)
    assert versions.kept(names) == set(names)
    done = gitver(versions.git.path, "prune", "--older-than", "0h", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert versions.live == {*USES, *others}
    assert versions.kept(names) == {*USES, *others}
    known = {name for name in names if versions.known.get(versions.version(name))}
    assert known == {*USES, *others}
    assert versions.known.get(clean)
    again = gitver(versions.git.path, "prune", "--older-than", "0h", "--yes")
    assert again.stdout.startswith("nothing to remove")


def test_only_what_is_older_is_removed(embedded: Versions, gitver: Gitver) -> None:
    embedded.register("unused")
    for arguments in ((), ("--older-than", "1h"), ("--older-than", "2 weeks")):
        done = gitver(embedded.git.path, "prune", "--yes", *arguments)
        assert done.stdout.startswith("nothing to remove"), done.stderr
    assert embedded.kept(["unused"]) == embedded.live == {"unused"}


def test_nothing_is_removed_without_confirmation(embedded: Versions, gitver: Gitver) -> None:
    embedded.register("unused")
    done = gitver(embedded.git.path, "prune", "--older-than", "0h")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert "--yes" in line
    assert embedded.live == {"unused"}


@pytest.mark.parametrize(
    ("answer", "left"), [("n\n", {"unused"}), ("", {"unused"}), ("y\n", set())]
)
def test_the_person_at_the_terminal_decides(
    embedded: Versions,
    gitver: Gitver,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    left: set[str],
) -> None:
    embedded.register("unused")
    monkeypatch.setattr("gitver_hooks.commands.prune.can_ask", lambda: True)
    monkeypatch.setattr("sys.stdin.readline", lambda: answer, raising=False)
    done = gitver(embedded.git.path, "prune", "--older-than", "0h")
    assert done.returncode == 0
    assert "Remove this? [y/N]" in done.stdout
    assert embedded.live == left


def test_a_version_that_is_used_after_planning_stays(embedded: Versions) -> None:
    for name in ("unused", "tagged", "deleted"):
        embedded.register(name)
    with open_source(str(embedded.git.path), os.environ, 120) as source:
        usage = UsageReader(embedded.store.client, embedded.store.experiment, 120)
        scope = Scope(source.repository, source.settings, usage, embedded.known, 2**60)
        plan = plan_removal(scope, None)
        assert len(plan.models) == len(plan.kept) == len(plan.known_models) == 3
        embedded.store.client.set_logged_model_tags(embedded.models["tagged"], {"best": "yes"})
        embedded.store.client.delete_logged_model(embedded.models["deleted"])
        removed = remove(scope, plan, None)
    assert embedded.live == embedded.kept([*embedded.models]) == {"tagged"}
    assert embedded.known.get(embedded.version("tagged"))
    (problem,) = removed.problems
    assert embedded.version("tagged") in problem


@pytest.mark.usefixtures("gitver")
def test_the_limits_on_kept_versions_spare_what_mlflow_knows_to_be_used(
    embedded: Versions, tmp_path: Path
) -> None:
    for name in ("unused", "traced", "measured"):
        embedded.register(name)
    embedded.keep("gone")
    embedded.use(["traced", "measured"], tmp_path)
    embedded.git("config", "gitver.keepVersions", "2")
    location = find_location(str(embedded.git.path), os.environ)
    assert location is not None
    prune_automatically(location, os.environ)
    assert embedded.kept([*embedded.models, "gone"]) == {"traced", "measured"}
    assert embedded.live == {"unused", "traced", "measured"}


def test_code_that_another_store_knows_stays(embedded: Versions, gitver: Gitver) -> None:
    """MLFLOW_TRACKING_URI may be set for one afternoon only."""
    embedded.keep("elsewhere")
    location = find_location(str(embedded.git.path), os.environ)
    assert location is not None
    other = KnownModels(location, Store("http://elsewhere", Experiment()))
    other.put(embedded.version("elsewhere"), "m-" + "1" * 32)
    done = gitver(embedded.git.path, "prune", "--older-than", "0h", "--yes")
    assert done.stdout.startswith("nothing to remove"), done.stderr
    assert embedded.kept(["elsewhere"]) == {"elsewhere"}


def test_a_store_that_is_down_removes_nothing(
    embedded: Versions, gitver: Gitver, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded.register("unused")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    done = gitver(embedded.git.path, "prune", "--older-than", "0h", "--yes")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert embedded.kept(["unused"]) == {"unused"}


# The remote --------------------------------------------------------------------------------------


def pushed(remote: Git) -> set[str]:
    return set(remote("for-each-ref", "--format=%(refname)").split())


def test_pushed_versions_are_removed_from_the_remote(
    versions: Versions, gitver: Gitver, make_git: Callable[..., Git]
) -> None:
    """A shared store knows which versions of others are gone, an embedded one only its own."""
    remote = make_git("remote/app", "--bare")
    versions.git("remote", "add", "origin", str(remote.path))
    for name in ("unused", "tagged"):
        versions.register(name)
    versions.keep("gone")
    versions.keep("of others")
    versions.store.client.set_logged_model_tags(versions.models["tagged"], {"best": "yes"})
    versions.git("push", "-q", "origin", "main", "refs/gitver/*:refs/gitver/*")
    versions.git("push", "-q", "origin", "main:refs/gitver/hostile/name")
    versions.git("update-ref", "-d", ref_name(versions.version("of others")))
    before = pushed(remote)
    gitver(versions.git.path, "prune", "--older-than", "9h", "--yes")
    assert pushed(remote) == before
    versions.keep("gone")
    done = gitver(versions.git.path, "prune", "--older-than", "0h", "--yes", "--remote")
    assert (done.returncode, done.stderr) == (0, "")
    names = ["unused", "gone", *(["of others"] if versions.store.uri.startswith("http") else [])]
    assert before - pushed(remote) == {ref_name(versions.version(name)) for name in names}


def test_the_tree_cannot_name_a_url_as_the_remote(embedded: Versions, gitver: Gitver) -> None:
    embedded.git.write(".gitver.yaml", "remote: 'ext::sh -c touch% owned'\n")
    embedded.git("config", "protocol.ext.allow", "always")
    done = gitver(embedded.git.path, "prune", "--older-than", "0h", "--yes", "--remote")
    assert done.returncode == 1
    assert "was chosen by" in done.stderr
    assert not (embedded.git.path / "owned").exists()

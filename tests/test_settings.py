"""Settings: the file, the environment over it, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitver_hooks.common.errors import GitverError
from gitver_hooks.settings import Settings, flattened_params, load_settings


def load(folder: Path, text: str, **environment: str) -> Settings:
    (folder / ".gitver.yaml").write_text(text)
    return load_settings(str(folder), environment)


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings(str(tmp_path), {}) == Settings()


def test_an_empty_file_and_an_empty_value_mean_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, "") == Settings()
    assert load(tmp_path, "app:\nparams:\nwait:\n") == Settings()


def test_the_environment_overrides_the_file_key_by_key(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "app: shop\nwait: 3\nparams: {a: 1}\n",
        GITVER_APP="other",
        GITVER_PER_BRANCH="true",
        GITVER_PARAMS="{b: 2}",
        GITVER_PARAMS_FILES="one.yaml, two.yaml",
        GITVER_DIFF="off",
    )
    assert settings.app == "other"
    assert settings.wait == 3
    assert settings.per_branch is True
    assert settings.params == {"b": 2}
    assert settings.params_files == ("one.yaml", "two.yaml")
    assert settings.diff == "off"


def test_a_bare_off_is_the_word_and_not_false(tmp_path: Path) -> None:
    assert load(tmp_path, "diff: off\n").diff == "off"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("trackinguri: x\n", "'trackinguri', which does not exist; use one of app, tracking_uri"),
        ("wait: soon\n", "wait in .*'soon'; it must be a number of seconds"),
        ("wait: -1\n", "wait in .*-1; it must be a number of seconds"),
        ("wait: true\n", "it must be a number of seconds"),
        ("per_branch: 1\n", "it must be true or false"),
        ("untracked: maybe\n", "it must be one of include, ignore"),
        ("on_stale: [a]\n", "it must be one of register, unset, trust, error"),
        ("params: [a]\n", "it must be keys with values"),
        ("params_files: {a: 1}\n", "it must be a list of texts"),
        ("app: ''\n", "it must be a text that is not empty"),
        ("- app\n", "holds a list, not keys with values"),
        ("app: [\n", "line 2 is not valid YAML"),
    ],
)
def test_what_is_wrong_is_named_with_file_key_and_remedy(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(GitverError, match=said) as caught:
        load(tmp_path, text)
    assert ".gitver.yaml" in str(caught.value)


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(GitverError, match="wait in the environment variable GITVER_WAIT"):
        load_settings(str(tmp_path), {"GITVER_WAIT": "soon"})


def test_params_are_flattened_with_dots_and_written_as_yaml_writes_them(tmp_path: Path) -> None:
    (tmp_path / "llm.yaml").write_text("model: small\nstop: [a, b]\nretries: 3\n")
    settings = load(
        tmp_path,
        "params_files: [llm.yaml]\nparams: {model: large, cache: {enabled: true, ttl: null}}\n",
    )
    assert flattened_params(settings, str(tmp_path)) == {
        "model": "large",
        "stop.0": "a",
        "stop.1": "b",
        "retries": "3",
        "cache.enabled": "true",
        "cache.ttl": "null",
    }


def test_a_params_file_that_is_missing_is_named(tmp_path: Path) -> None:
    settings = load(tmp_path, "params_files: [gone.yaml]\n")
    with pytest.raises(GitverError, match=r"params_files names gone\.yaml"):
        flattened_params(settings, str(tmp_path))

"""Names of files that people use for secrets are recognised; names of ordinary files are not."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest
from support.secret_samples import SECRET_NAMES

from gitver_hooks.version.secret_names import has_secret_name

_ORDINARY_NAMES = """
app.py main.go README.md requirements.txt pyproject.toml package.json package-lock.json
Dockerfile docker-compose.yaml config.json config.yaml settings.py environment.yml envs.py
.gitignore tokenizer.json tokenizer_config.json special_tokens_map.json tokens.py
token_counter.py keys.py monkey.py keyboard.js hockey.json authentication.py auth.py identity.py
id_generator.py ids.json secret_manager.py credentials.py password_reset.html docs/passwords.md
history.py history.md test_secrets_scan.py prompts/system.txt data/eval.jsonl Makefile
.pre-commit-config.yaml .gitver.yaml hubs.csv shadows.css .github/workflows/ci.yml
environment.md keras.py pem.py
"""
ORDINARY_NAMES = _ORDINARY_NAMES.split()


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_name_common_for_secrets_is_recognised(name: str) -> None:
    assert has_secret_name(name)
    assert has_secret_name(f"deep/er/{name}")
    assert has_secret_name(name.upper())


@pytest.mark.parametrize("name", ORDINARY_NAMES)
def test_an_ordinary_name_is_not_recognised(name: str) -> None:
    assert not has_secret_name(name)
    assert not has_secret_name(f"src/{name}")


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("private", "private/notes.txt", True),
        ("private/*.txt", "private/notes.txt", True),
        ("*.DAT", "data/model.dat", True),
        ("private", "privately.txt", False),
    ],
)
def test_patterns_match_the_path_or_a_component(pattern: str, path: str, matches: bool) -> None:
    assert has_secret_name(path, [pattern]) is matches


@pytest.mark.parametrize("package", ["mlflow", "setuptools", "dulwich"])
def test_few_files_of_an_ordinary_codebase_have_secret_names(package: str) -> None:
    root = Path(sysconfig.get_path("purelib"), package)
    names = [str(path.relative_to(root)) for path in root.rglob("*") if path.suffix != ".pyc"]
    assert sum(map(has_secret_name, names)) <= len(names) / 200

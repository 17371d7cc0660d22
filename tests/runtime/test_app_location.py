"""Which code an app consists of: found from the shim's importer, the main script or the folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from support.git import Git

from gitver_hooks.common.package import PACKAGE_DIR
from gitver_hooks.runtime.app_location import locate_app

CODE = "from gitver_hooks.runtime.app_location import locate_app\nfound = locate_app(None, {})\n"


def found_by(file: Path | str) -> str | None:
    """The root of the worktree that code in ``file`` finds."""
    namespace: dict[str, object] = {}
    exec(compile(CODE, str(file), "exec"), namespace)
    location, _ = namespace["found"]  # type: ignore[misc]
    return location and str(location.worktree)  # type: ignore[has-type]


@pytest.fixture
def main_script(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path | str | None], None]:
    """Set the file of the main script."""

    def run(file: Path | str | None) -> None:
        module = SimpleNamespace() if file is None else SimpleNamespace(__file__=str(file))
        monkeypatch.setitem(sys.modules, "__main__", module)

    return run


MainScript = Callable[["Path | str | None"], None]


def load(file: Path) -> ModuleType:
    spec = spec_from_file_location("the_app", file)
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_given_path_may_be_a_folder_or_a_file(git: Git) -> None:
    for path in (git.path, git.path / "app.py"):
        location, file = locate_app(path, {})
        assert location is not None
        assert (location.worktree, file) == (str(git.path), None)


def test_outside_of_a_worktree_the_nearest_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "image" / "deep").mkdir(parents=True)
    assert locate_app(tmp_path / "image" / "deep", {}) == (None, None)
    file = tmp_path / "image" / ".mlflow-active-model"
    file.write_text("m-1\n")
    assert locate_app(tmp_path / "image" / "deep", {}) == (None, str(file))


def test_the_module_that_imports_the_shim_comes_first(
    make_git: Callable[..., Git], main_script: MainScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, script, folder = (make_git(name) for name in ("module", "script", "folder"))
    main_script(script.write("main.py"))
    monkeypatch.chdir(folder.path)
    location, _ = load(module.write("the_app.py", CODE)).found
    assert location.worktree == str(module.path)


@pytest.mark.parametrize(
    "file",
    [
        os.path.join(PACKAGE_DIR, "shim.py"),
        "<frozen importlib._bootstrap>",
        "/usr/lib/python3/importlib/__init__.py",
    ],
)
def test_our_own_frames_and_those_of_the_import_system_are_skipped(
    file: str, git: Git, main_script: MainScript, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    main_script(None)
    monkeypatch.chdir(tmp_path)
    module = git.write("the_app.py", f"exec(compile({CODE!r}, {file!r}, 'exec'))\n")
    location, _ = load(module).found
    assert location.worktree == str(git.path)


@pytest.mark.parametrize(
    "file",
    [
        "<stdin>",
        "missing.py",
        os.path.join(sys.prefix, "bin", os.path.basename(sys.executable)),
        "/opt/python/site-packages/library.py",
    ],
)
def test_the_main_script_comes_before_the_current_folder(
    file: str,
    make_git: Callable[..., Git],
    main_script: MainScript,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script, folder = make_git("script"), make_git("folder")
    main_script(script.write("main.py"))
    monkeypatch.chdir(folder.path)
    assert found_by(file) == str(script.path)
    main_script(file)
    assert found_by(file) == str(folder.path)
    main_script(None)
    assert found_by(file) == str(folder.path)


def test_an_installed_package_is_not_the_app(
    git: Git, main_script: MainScript, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    main_script(None)
    monkeypatch.chdir(tmp_path)
    installed = git.write("venv/lib/site-packages/library.py")
    assert found_by(installed) is None
    monkeypatch.setattr(sys, "prefix", str(git.path / "venv"))
    assert found_by(git.write("venv/bin/program.py")) is None
    assert found_by(git.write("app.py")) == str(git.path)


def test_a_script_that_is_a_link_belongs_to_its_target(
    git: Git, main_script: MainScript, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    link = tmp_path / "run"
    link.symlink_to(git.path / "app.py")
    main_script(link)
    assert found_by("<stdin>") == str(git.path)


def test_a_script_outside_of_any_worktree_leaves_the_current_folder(
    git: Git, main_script: MainScript, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.touch()
    main_script(script)
    monkeypatch.chdir(git.path)
    assert found_by(script) == str(git.path)


def test_a_removed_current_folder_is_no_error(
    main_script: MainScript, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    main_script(None)
    removed = tmp_path / "removed"
    removed.mkdir()
    monkeypatch.chdir(removed)
    removed.rmdir()
    assert found_by("<stdin>") is None

"""Finds an app, its worktree, its git dir and the common dir (standard library only)."""

from __future__ import annotations

import os

from gitver_hooks.gitfiles.ownership import DubiousOwnership, check_ownership, check_state_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ACTIVE_MODEL_FILE = ".mlflow-active-model"
SETTINGS_FILE = ".gitver.yaml"


class Location:
    """The paths of one app: its worktree, the git dir and the common dir, and its folder.

    The paths are absolute, but ``app`` is the path of the app's folder from the worktree's root,
    empty for the root itself. The git dir contains HEAD and the index of this worktree; the common
    dir holds what all worktrees of the repository share. They are the same folder for the main
    worktree (gitrepository-layout(5)).
    """

    __slots__ = ("app", "common_dir", "git_dir", "worktree")

    def __init__(self, worktree: str, git_dir: str, common_dir: str, app: str = "") -> None:
        self.worktree = worktree
        self.git_dir = git_dir
        self.common_dir = common_dir
        self.app = app

    def of_app(self, app: str) -> Location:
        """The same worktree, for the app in the folder ``app`` (from the worktree's root)."""
        return Location(self.worktree, self.git_dir, self.common_dir, app)

    @property
    def is_reached_without_links(self) -> bool:
        """Whether no symbolic link leads the app's folder elsewhere: a branch may contain some."""
        root = os.path.realpath(self.worktree)
        return not self.app or os.path.realpath(self.folder) == os.path.join(root, self.app)

    @property
    def folder(self) -> str:
        """The app's folder."""
        return os.path.join(self.worktree, self.app) if self.app else self.worktree

    @property
    def active_model_file(self) -> str:
        """The path of the app's active-model file."""
        return os.path.join(self.folder, ACTIVE_MODEL_FILE)

    @property
    def settings_file(self) -> str:
        """The path of the app's settings file."""
        return os.path.join(self.folder, SETTINGS_FILE)

    @property
    def worktree_state_dir(self) -> str:
        """The folder of the state of all apps of this worktree."""
        return os.path.join(self.git_dir, "gitver")

    @property
    def state_dir(self) -> str:
        """The folder of the state of this app."""
        if not self.app:
            return self.worktree_state_dir
        return os.path.join(self.worktree_state_dir, "apps", _file_name(self.app))

    @property
    def shared_state_dir(self) -> str:
        """The folder of the state that all worktrees of the repository share."""
        return os.path.join(self.common_dir, "gitver")


def find_location(start: str, environment: Mapping[str, str]) -> Location | None:
    """The app and the worktree that contain the folder ``start``, or None.

    The app is in the nearest folder with a ``.gitver.yaml``, or else in the worktree's root.
    ``GIT_DIR`` and ``GIT_WORK_TREE``, which hooks inherit, count only if no ``.git`` is found on
    the way up: a test suite or an app that a hook starts elsewhere must not be taken for the
    repository of that hook. Raises DubiousOwnership for somebody else's repository, before anything
    but the ``.git`` file is read.
    """
    folder = os.path.abspath(start)
    app = None
    while True:
        if app is None and os.path.lexists(os.path.join(folder, SETTINGS_FILE)):
            app = folder
        git_dir = _git_dir_at(folder)
        if git_dir is not None:
            check_ownership(folder, git_dir, environment)
            location = Location(folder, git_dir, _common_dir(git_dir), _below(folder, app))
            return location if location.is_reached_without_links else location.of_app("")
        parent = os.path.dirname(folder)
        if parent == folder:
            return _from_environment(environment, app)
        folder = parent


def worktree_at(folder: str) -> Location | None:
    """The worktree whose root is ``folder``, or None. Its owner is not checked."""
    git_dir = _git_dir_at(folder)
    return Location(folder, git_dir, _common_dir(git_dir)) if git_dir else None


def check_state_folders(location: Location, environment: Mapping[str, str]) -> None:
    """Raise GitverError if a state folder exists but does not belong to the user."""
    folders = {location.state_dir, location.worktree_state_dir, location.shared_state_dir}
    for folder in folders:
        check_state_folder(folder, location.worktree, environment)


def all_worktrees(location: Location, environment: Mapping[str, str]) -> list[Location]:
    """The worktrees of the repository that exist: this one first, then the others.

    Each is the location of the app in its root. Other people's worktrees are left out.
    """
    worktrees = [location.of_app("")]
    for folder in _linked_folders(location.common_dir):
        git_dir = _git_dir_at(folder)
        if git_dir is None or git_dir in [worktree.git_dir for worktree in worktrees]:
            continue
        if _common_dir(git_dir) != location.common_dir:
            continue
        try:
            check_ownership(folder, git_dir, environment)
        except DubiousOwnership:
            continue
        worktrees.append(Location(folder, git_dir, location.common_dir))
    return worktrees


def recorded_apps(location: Location) -> list[Location]:
    """The apps of the worktree that may have a state: the one in the root, then the others."""
    folder = os.path.join(location.worktree_state_dir, "apps")
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        names = []
    apps = [location.of_app(app) for app in ("", *map(_folder_of_file_name, names))]
    return [app for app in apps if app.is_reached_without_links]


def _below(worktree: str, folder: str | None) -> str:
    """The path of ``folder`` from the worktree's root; empty if it is not below it."""
    inside = folder is not None and folder.startswith(worktree.rstrip(os.sep) + os.sep)
    return folder[len(worktree.rstrip(os.sep)) + 1 :] if folder is not None and inside else ""


def _file_name(path: str) -> str:
    """``path`` as the name of one file; ``_folder_of_file_name`` reads it back."""
    return path.replace("%", "%25").replace("/", "%2F")


def _folder_of_file_name(name: str) -> str:
    return name.replace("%2F", "/").replace("%25", "%")


def _linked_folders(common_dir: str) -> list[str]:
    """The roots of the main worktree and of those in ``worktrees/`` of the common dir."""
    folders = [os.path.dirname(common_dir)]
    links = os.path.join(common_dir, "worktrees")
    try:
        names = sorted(os.listdir(links))
    except OSError:
        names = []
    for name in names:
        try:
            with open(
                os.path.join(links, name, "gitdir"), encoding="utf-8", errors="surrogateescape"
            ) as file:
                folders.append(os.path.dirname(os.path.join(links, name, file.read().rstrip("\n"))))
        except OSError:
            continue
    return [os.path.normpath(folder) for folder in folders]


def _git_dir_at(folder: str) -> str | None:
    path = os.path.join(folder, ".git")
    if _is_git_dir(path):
        return path
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            line = file.read(8192)
    except OSError:
        return None
    if not line.startswith("gitdir: "):
        return None
    target = os.path.normpath(os.path.join(folder, line[len("gitdir: ") :].rstrip("\r\n")))
    return target if _is_git_dir(target) else None


def _is_git_dir(path: str) -> bool:
    # Not os.path.exists: HEAD may be a symlink to an unborn branch.
    return os.path.lexists(os.path.join(path, "HEAD"))


def _common_dir(git_dir: str) -> str:
    try:
        with open(
            os.path.join(git_dir, "commondir"), encoding="utf-8", errors="surrogateescape"
        ) as file:
            return os.path.normpath(os.path.join(git_dir, file.read().rstrip("\r\n")))
    except OSError:
        return git_dir


def _from_environment(environment: Mapping[str, str], app: str | None) -> Location | None:
    # As in git, the owner of an explicitly named git dir is not checked.
    git_dir = environment.get("GIT_DIR")
    worktree = environment.get("GIT_WORK_TREE")
    if not git_dir or not worktree:
        return None
    git_dir = os.path.abspath(git_dir)
    if not _is_git_dir(git_dir):
        return None
    worktree = os.path.abspath(worktree)
    return Location(worktree, git_dir, _common_dir(git_dir), _below(worktree, app))

"""Git itself as the oracle of apps: the part of a tree that is at certain paths."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.git import Git
from support.oracle import oracle_tree

# Three apps and what git's pathspecs say of their paths.
PATHSPECS = {
    "apps/chat": ["apps/chat"],
    "apps/search": ["apps/search", "libs/common", ":(exclude,glob)apps/search/**/*.md"],
    "batch": ["batch/src", "libs/common/*.py"],
}
SETTINGS = {
    "apps/chat": "",
    "apps/search": "paths: ['*', '!*.md', /libs/common/]\n",
    "batch": "paths: [src/, '/libs/common/**/*.py']\n",
}


def make_apps(git: Git) -> None:
    """Three apps, a shared library and other files, in one commit."""
    for app, text in SETTINGS.items():
        git.write(f"{app}/.gitver.yaml", text)
        for name in ("src/main.py", "src/data/prompts.txt", "README.md", "tool.py"):
            git.write(f"{app}/{name}", f"{app} {name}\n")
    for name in ("libs/common/llm.py", "libs/common/sub/x.txt", "libs/other.py", "docs/index.md"):
        git.write(name, f"{name}\n")
    git.commit("apps")


def part_of_tree(git: Git, tree: str, pathspecs: list[str]) -> str:
    """The id of the tree that has only what ``pathspecs`` match of ``tree``."""
    index = str(git.path / ".git/index.oracle-part")
    git("read-tree", tree, GIT_INDEX_FILE=index)
    listed = git("ls-files", "-s", "-z", "--", *pathspecs, GIT_INDEX_FILE=index)
    Path(index).unlink()
    environment = {"GIT_INDEX_FILE": index, "PATH": "/usr/bin:/bin:/usr/local/bin"}
    subprocess.run(
        ["git", "update-index", "-z", "--add", "--index-info"],
        cwd=git.path, env=environment, input=listed.encode(), check=True,
    )  # fmt: skip
    part = git("write-tree", GIT_INDEX_FILE=index)
    Path(index).unlink(missing_ok=True)
    return part


def parts(git: Git, app: str) -> tuple[str, str]:
    """The ids of the parts of HEAD's tree and of the worktree that make up ``app``."""
    return (
        part_of_tree(git, "HEAD^{tree}", PATHSPECS[app]),
        part_of_tree(git, oracle_tree(git.path), PATHSPECS[app]),
    )

"""The identity of a worktree against git itself, over random operations in every format."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from support.locations import location_of
from support.oracle import GitRefusesError, oracle_tree

from gitver_hooks.handover import freshness
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.worktree.content import Content, read_content

FORMATS = (
    "plain", "sha256", "version 4", "split index", "sparse", "sparse index", "linked worktree",
    "no file mode", "autocrlf true", "autocrlf input", "attributes", "submodule", "nested",
    "untracked cache", "excludes file",
)  # fmt: skip

PATHS = (
    b"a", b"b.txt", b"c.log", b"dir/a", b"dir/b.txt", b"dir/sub/a", b"dir/sub/c.log", b"out/x.txt",
    b"out/deep/er/y", b"new\nline", b"caf\xc3\xa9", b"\xff\xfe", b"sp ace/-dash", b"dir.x",
    b"dir-y", b"star*/q?", b"a/below",
)  # fmt: skip
CONTENTS = (
    b"", b"one\n", b"two\n", b"six\n", b"1\r\n2\r\n", b"1\n2\r\n3\n", b"lone\rcr\r\n", b"nul\0\r\n",
    b"long\r\n" * 50, b"\xef\xbb\xbfbom\r\n", b"end\x1a",
)  # fmt: skip
PATTERNS = (
    b"*.log", b"/out/", b"sub/", b"!c.log", b"a", b"/a", b"dir/*", b"!dir/sub", b"**/deep",
    b"out/**", b"new*", b"*\xff*", b"# not this", b"\\!x", b"b.tx[t]", b"*",
)  # fmt: skip
ATTRIBUTES = (
    b"* text=auto", b"*.txt text", b"*.txt eol=crlf", b"*.log -text", b"a text eol=lf", b"* !text",
    b"*.txt binary", b"dir/** text=auto eol=crlf", b"[attr]mine text", b"b.txt mine",
    b"* crlf=input",
)  # fmt: skip

paths = st.sampled_from(PATHS)
contents = st.sampled_from(CONTENTS)
folders = st.sampled_from((b"", b"dir", b"dir/sub", b"out"))


class Worktree(RuleBasedStateMachine):
    """A worktree, what may happen to it, and after every step: is it what git says it is?"""

    states = 0

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp(prefix="gitver-oracle-"))
        self.root = self.base / "work"
        self.format = "plain"
        self.last: tuple[str, str] | None = None

    def teardown(self) -> None:
        shutil.rmtree(self.base, ignore_errors=True)

    # Getting there

    def git(self, *arguments: str | bytes, cwd: Path | None = None, check: bool = False) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd or self.root,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert not check or done.returncode == 0, (arguments, done.stderr)
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def path(self, name: bytes) -> bytes:
        return os.path.join(os.fsencode(self.root), name)

    def put(self, name: bytes, content: bytes) -> None:
        path = self.path(name)
        self.clear_the_way(name)
        with open(path, "wb") as file:
            file.write(content)

    def clear_the_way(self, name: bytes) -> None:
        """Make the folders above ``name`` folders, and ``name`` free for a file."""
        parts = name.split(b"/")
        for i in range(1, len(parts)):
            above = self.path(b"/".join(parts[:i]))
            if os.path.lexists(above) and (os.path.islink(above) or not os.path.isdir(above)):
                os.unlink(above)
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        self.remove(name)

    def remove(self, name: bytes) -> None:
        path = self.path(name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)

    @initialize(kind=st.sampled_from(FORMATS))
    def begin(self, kind: str) -> None:
        self.format = kind
        first = self.base / "main" if kind == "linked worktree" else self.root
        first.mkdir()
        options = ("--object-format=sha256",) if kind == "sha256" else ()
        self.git("init", "-q", *options, cwd=first, check=True)
        for name in PATHS[:9]:
            full = os.path.join(os.fsencode(first), name)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            Path(os.fsdecode(full)).write_bytes(b"one\n")
        self.git("add", "-A", cwd=first, check=True)
        self.git("commit", "-q", "-m", "first", cwd=first, check=True)
        self.configure(first)
        self.verify()

    def configure(self, first: Path) -> None:
        commands: dict[str, list[tuple[str, ...]]] = {
            "version 4": [("update-index", "--index-version", "4")],
            "split index": [
                ("config", "core.splitIndex", "true"),
                ("config", "splitIndex.maxPercentChange", "100"),
                ("update-index", "--split-index"),
            ],
            "sparse": [("sparse-checkout", "set", "--cone", "dir/sub")],
            "sparse index": [("sparse-checkout", "set", "--cone", "--sparse-index", "dir/sub")],
            "linked worktree": [("worktree", "add", "-q", str(self.root))],
            "no file mode": [("config", "core.fileMode", "false")],
            "autocrlf true": [("config", "core.autocrlf", "true")],
            "autocrlf input": [("config", "core.autocrlf", "input")],
            "untracked cache": [("update-index", "--untracked-cache")],
            "excludes file": [("config", "core.excludesFile", str(self.base / "excludes"))],
        }
        for command in commands.get(self.format, []):
            self.git(*command, cwd=first, check=True)
        if self.format == "submodule":
            source = self.base / "source"
            source.mkdir()
            self.git("init", "-q", cwd=source, check=True)
            (source / "inside").write_text("one\n")
            self.git("add", "-A", cwd=source, check=True)
            self.git("commit", "-q", "-m", "sub", cwd=source, check=True)
            self.git("submodule", "add", "-q", str(source), "module", check=True)
            self.git("commit", "-q", "-m", "with a submodule", check=True)

    # What may happen

    @rule(name=paths, content=contents)
    def write(self, name: bytes, content: bytes) -> None:
        self.put(name, content)
        self.verify()

    @rule(name=paths)
    def edit_in_the_tick_of_a_commit(self, name: bytes) -> None:
        self.put(name, b"one\n")
        self.git("add", "-A", "--sparse", ".")
        self.git("commit", "-q", "-m", "tick")
        if os.path.isfile(self.path(name)):
            with open(self.path(name), "r+b") as file:
                file.write(b"two\n")
        self.verify()

    @rule(name=paths)
    def delete(self, name: bytes) -> None:
        if self.parents_are_folders(name):
            self.remove(name)
        self.verify()

    @rule(name=paths)
    def change_mode(self, name: bytes) -> None:
        path = self.path(name)
        if os.path.isfile(path) and not os.path.islink(path):
            os.chmod(path, os.stat(path).st_mode ^ stat.S_IXUSR)
        self.verify()

    @rule(name=paths, to=st.sampled_from((b"a", b"dir", b"nowhere", b".", b"b.txt")))
    def link(self, name: bytes, to: bytes) -> None:
        self.clear_the_way(name)
        os.symlink(to, self.path(name))
        self.verify()

    @rule(old=paths, new=paths)
    def rename(self, old: bytes, new: bytes) -> None:
        if self.parents_are_folders(old) and os.path.lexists(self.path(old)):
            moved = self.path(b"moving")
            os.rename(self.path(old), moved)
            self.clear_the_way(new)
            os.rename(moved, self.path(new))
        self.verify()

    @rule(folder=folders, patterns=st.lists(st.sampled_from(PATTERNS), max_size=3))
    def ignore(self, folder: bytes, patterns: list[bytes]) -> None:
        self.put(os.path.join(folder, b".gitignore"), b"\n".join(patterns))
        self.verify()

    @rule(patterns=st.lists(st.sampled_from(PATTERNS), max_size=2), where=st.booleans())
    def exclude(self, patterns: list[bytes], where: bool) -> None:
        exclude = Path(self.git("rev-parse", "--git-path", "info/exclude"))
        target = self.base / "excludes" if where else self.root / exclude
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(b"\n".join(patterns))
        self.verify()

    @rule(folder=folders, lines=st.lists(st.sampled_from(ATTRIBUTES), max_size=3))
    def attribute(self, folder: bytes, lines: list[bytes]) -> None:
        if self.format in ("attributes", "autocrlf true", "sparse"):
            self.put(os.path.join(folder, b".gitattributes"), b"\n".join(lines))
        self.verify()

    @rule()
    def odd_things(self) -> None:
        """What never counts, and must neither be opened nor followed."""
        for name in (b"dir/pipe", b"out/pipe"):
            if self.parents_are_folders(name) and not os.path.lexists(self.path(name)):
                os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
                os.mkfifo(self.path(name))
        os.makedirs(self.path(b"hollow/nothing"), exist_ok=True)
        self.verify()

    @rule(name=st.sampled_from((b".mlflow-active-model", b"mlflow.db-journal", b"mlruns/0/meta")))
    def local_files(self, name: bytes) -> None:
        self.put(name, b"m-123\n")
        self.remove(name)
        self.verify()

    @rule()
    def touch_everything(self) -> None:
        for folder, names, files in os.walk(self.root):
            names[:] = [name for name in names if name != ".git"]
            for name in files:
                if os.path.isfile(os.path.join(folder, name)):
                    os.utime(os.path.join(folder, name))
        self.verify()

    @rule(
        command=st.sampled_from(
            (
                "add -A --sparse .", "add -u", "add -N --sparse .", "add -f --sparse .", "status",
                "commit -q -m more", "commit -q -a -m all", "commit -q --amend -m amended",
                "stash -q", "stash pop -q", "stash -q -u", "reset -q --hard", "reset -q",
                "reset -q --soft HEAD~1", "reset -q HEAD~1", "checkout -q -B other",
                "checkout -q HEAD~1", "checkout -q -f HEAD~1", "checkout -q other",
                "checkout -q -f other", "checkout -q .",
                "rm -q -r --cached --sparse dir", "merge -q other", "merge --abort",
                "cherry-pick other", "cherry-pick --abort", "pack-refs --all", "read-tree HEAD",
                "clean -q -f -d", "sparse-checkout set out", "sparse-checkout disable",
                "sparse-checkout reapply", "restore --staged .", "gc -q", "update-index --refresh",
                "rm -q --cached a", "checkout -q --orphan young",
            )
        )
    )  # fmt: skip
    def run(self, command: str) -> None:
        self.git(*command.split())
        self.verify()

    @rule(name=paths)
    def stage(self, name: bytes) -> None:
        self.git("add", "--sparse", "--", b":(literal)" + name)
        self.verify()

    @rule(
        name=paths,
        flag=st.sampled_from(
            ("assume-unchanged", "no-assume-unchanged", "skip-worktree", "no-skip-worktree")
        ),
    )
    def mark(self, name: bytes, flag: str) -> None:
        self.git("update-index", f"--{flag}", b":(literal)" + name)
        self.verify()

    @rule(name=paths, content=contents)
    def conflict(self, name: bytes, content: bytes) -> None:
        """The same file changed on two branches, and merged."""
        self.git("checkout", "-q", "-B", "theirs")
        self.put(name, content + b"theirs\n")
        self.git("add", "-A", "--sparse", ".")
        self.git("commit", "-q", "-m", "theirs")
        self.git("checkout", "-q", "-B", "ours", "HEAD~1")
        self.put(name, content + b"ours\n")
        self.git("add", "-A", "--sparse", ".")
        self.git("commit", "-q", "-m", "ours")
        self.git("merge", "-q", "theirs")
        self.verify()

    @rule(name=st.sampled_from((b"nested", b"dir/nested", b"a")), content=contents)
    def nest(self, name: bytes, content: bytes) -> None:
        if self.format not in ("nested", "plain"):
            return
        inner = Path(os.fsdecode(self.path(name)))
        if not (inner / ".git").exists():
            self.clear_the_way(name)
            inner.mkdir()
            self.git("init", "-q", cwd=inner, check=True)
        (inner / "inside").write_bytes(content)
        self.git("add", "-A", cwd=inner)
        self.git("commit", "-q", "--allow-empty", "-m", "inner", cwd=inner, check=True)
        self.verify()

    @rule(content=contents, commit=st.booleans())
    def change_submodule(self, content: bytes, commit: bool) -> None:
        inner = self.root / "module"
        if self.format != "submodule" or not (inner / ".git").exists():
            return
        (inner / "inside").write_bytes(content)
        if commit:
            self.git("commit", "-q", "-a", "-m", "inner", cwd=inner)
        self.verify()

    def parents_are_folders(self, name: bytes) -> bool:
        above = os.path.dirname(name)
        while above:
            if os.path.islink(self.path(above)):
                return False
            above = os.path.dirname(above)
        return True

    # What must hold

    def verify(self) -> None:
        worktree = location_of(self.root)
        fresh = freshness.fresh_version(worktree)
        index = Path(worktree.git_dir) / "index"
        before = index.read_bytes() if index.exists() else b""
        with open_repository(worktree, os.environ) as repository:
            content = read_content(repository)
        assert (index.read_bytes() if index.exists() else b"") == before
        try:
            assert content.tree == oracle_tree(self.root)
        except GitRefusesError:
            return
        head = self.git("rev-parse", "-q", "--verify", "HEAD^{tree}")
        assert content.head_tree == (head or None)
        assert content.dirty == (content.tree != head or self.submodules_are_dirty())
        self.changes_lead_from_head_to_the_tree(content)
        version = f"{content.commit}-{content.digest}"
        assert fresh in (None, version)
        freshness.save(worktree, content.observation, version)
        Worktree.states += 1

    def submodules_are_dirty(self) -> bool:
        """Whether a repository that the index lists as a submodule has changes of its own."""
        listed = self.git("ls-files", "-s", "-z", check=True).split("\0")
        links = [line.split("\t", 1)[1] for line in listed if line.startswith("160000")]
        return any(
            self.git("status", "--porcelain", cwd=self.root / path)
            for path in links
            if (self.root / path / ".git").exists()
        )

    def changes_lead_from_head_to_the_tree(self, content: Content) -> None:
        for change in content.changes:
            assert change.old != change.new
        assert [c.path for c in content.changes] == sorted({c.path for c in content.changes})
        assert bool(content.changes) == (content.tree != content.head_tree)


def drive(examples: int, steps: int, *, same: bool = False) -> int:
    """Run the machine; how many states were compared. ``same``: the same ones in each run."""
    before = Worktree.states
    run_state_machine_as_test(
        Worktree,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=same,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
    return Worktree.states - before


def test_random_states_have_the_trees_that_git_computes() -> None:
    # The same in each run, so that a change is judged by what it changes; the long run searches.
    assert drive(examples=30, steps=20, same=True) > 100


@pytest.mark.long
def test_thousands_of_random_states_have_the_trees_that_git_computes() -> None:
    states = drive(examples=300, steps=40)
    print(f"{states} states compared")
    assert states >= 5000

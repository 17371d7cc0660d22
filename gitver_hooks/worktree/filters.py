"""The clean filters of gitattributes(5): Git LFS computed here, all others run as git runs them."""

from __future__ import annotations

import hashlib
import re
import shlex
import subprocess

from gitver_hooks.common.errors import GitverError
from gitver_hooks.repository.configuration import Configuration

LFS = b"lfs"
_LFS_POINTER = re.compile(
    rb"version https://(?:git-lfs\.github\.com|hawser\.github\.com)/spec/v1\n"
    rb"(?:ext-\d-[^\n]*\n)*oid sha256:[0-9a-f]{64}\nsize \d+\n"
)


class Filters:
    """The filters that the configuration defines, to be run in the worktree at ``root``."""

    def __init__(self, configuration: Configuration, root: str) -> None:
        self._configuration = configuration
        self._root = root

    def clean(self, name: bytes, path: bytes, content: bytes) -> bytes:
        """What the filter ``name`` makes of the ``content`` of ``path``.

        The content itself where the filter is not defined, or fails and is not required. Raises
        GitverError where a required filter fails, as git does.
        """
        if name == LFS:
            return lfs_pointer(content)
        section = (b"filter", name)
        required = self._configuration.flag(section, b"required", False)
        process = self._configuration.text(section, b"process")
        command = self._configuration.text(section, b"clean")
        cleaned: bytes | None = None
        if process:
            cleaned = self._run_process(process, path, content)
        elif command:
            cleaned = self._run_command(command, path, content)
        if cleaned is not None:
            return cleaned
        if required:
            shown, filter_name = (b.decode("utf-8", "backslashreplace") for b in (path, name))
            raise GitverError(
                f"the required clean filter {filter_name!r} failed on {shown!r}",
                "see that `git status` works in this worktree",
            )
        return content

    def fingerprint(self) -> bytes:
        """What defines the filters, as bytes."""
        sections = sorted(s for s in self._configuration.stack.sections() if s[0] == b"filter")
        lines = []
        for section in sections:
            for name in (b"clean", b"process", b"required"):
                value = self._configuration.text(section, name)
                lines.append(b"\0".join((*section, name, value or b"")))
        return b"\n".join(lines)

    def _run_command(self, command: bytes, path: bytes, content: bytes) -> bytes | None:
        # %f is the path in shell quotes, %% a percent sign (convert.c, filter_buffer_or_fd).
        quoted = shlex.quote(path.decode("utf-8", "surrogateescape")).encode(
            "utf-8", "surrogateescape"
        )
        line = re.sub(rb"%([%f])", lambda found: quoted if found[1] == b"f" else b"%", command)
        try:
            done = subprocess.run(
                ["sh", "-c", line],
                input=content,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self._root,
                check=False,
            )
        except OSError:
            return None
        return done.stdout if done.returncode == 0 else None

    def _run_process(self, command: bytes, path: bytes, content: bytes) -> bytes | None:
        from dulwich.filters import FilterError, ProcessFilterDriver

        driver = ProcessFilterDriver(
            process_cmd=command.decode("utf-8", "surrogateescape"), required=True, cwd=self._root
        )
        try:
            # The public clean() does not pass the path on, which gitattributes(5) demands.
            return driver._use_process_filter(content, "clean", path.decode("utf-8", "replace"))
        except (FilterError, OSError, ValueError):
            return None
        finally:
            driver.cleanup()


def lfs_pointer(content: bytes) -> bytes:
    """The pointer that Git LFS stores for ``content`` (git-lfs, docs/spec.md).

    A pointer stays as it is: a clone without Git LFS has pointers in its worktree. So does nothing
    at all.
    """
    if not content or (len(content) < 1024 and _LFS_POINTER.fullmatch(content)):
        return content
    oid = hashlib.sha256(content).hexdigest()
    return (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"
    ).encode("ascii")

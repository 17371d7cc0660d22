"""Runs the filters of gitattributes(5) as git does; Git LFS is computed here."""

from __future__ import annotations

import hashlib
import re

from gitver_hooks.common.errors import GitverError
from gitver_hooks.repository.configuration import Configuration

LFS = b"lfs"
_LFS_POINTER = re.compile(
    rb"version https://(?:git-lfs\.github\.com|hawser\.github\.com)/spec/v1\n"
    rb"(?:ext-\d-[^\n]*\n)*oid sha256:[0-9a-f]{64}\nsize \d+\n"
)
_DEFINITIONS = (b"clean", b"smudge", b"process", b"required")


class Filters:
    """The filters that the configuration defines, to be run in the worktree at ``root``.

    ``may_smudge``: whether smudge filters may run. `git status` runs the clean filters of a
    submodule but never its smudge filters, so nothing else does.
    """

    def __init__(self, configuration: Configuration, root: str, *, may_smudge: bool) -> None:
        self._configuration = configuration
        self._root = root
        self._may_smudge = may_smudge

    def clean(self, name: bytes, path: bytes, content: bytes) -> bytes:
        """The output of the clean filter ``name`` for the ``content`` of ``path``.

        The content itself if the filter is not defined, or fails and is not required. Raises
        GitverError if a required filter fails, as git does.
        """
        if name == LFS:
            return lfs_pointer(content)
        cleaned = self._run(b"clean", name, path, content)
        if cleaned is not None:
            return cleaned
        if self._is_required(name):
            shown, filter_name = (text.decode("utf-8", "backslashreplace") for text in (path, name))
            raise GitverError(
                f"the required clean filter {filter_name!r} failed on {shown!r}",
                "check that `git status` works in this worktree",
            )
        return content

    def smudge(self, name: bytes, path: bytes, content: bytes) -> bytes | None:
        """The output of the smudge filter ``name`` for the stored ``content`` of ``path``.

        None if it is unknown: the content of an LFS pointer, a filter that may not run, or a
        required one that fails.
        """
        if name == LFS:
            return None
        if not (self._definition(name, b"process") or self._definition(name, b"smudge")):
            return None if self._is_required(name) else content
        if not self._may_smudge:
            return None
        smudged = self._run(b"smudge", name, path, content)
        if smudged is None and not self._is_required(name):
            return content
        return smudged

    def fingerprint(self) -> bytes:
        """The definitions of all filters, as bytes."""
        sections = sorted(self._configuration.sections(b"filter"))
        lines = []
        for section in sections:
            for name in _DEFINITIONS:
                value = self._configuration.text(section, name)
                lines.append(b"\0".join((*section, name, value or b"")))
        return b"\n".join(lines)

    def _definition(self, name: bytes, key: bytes) -> bytes | None:
        return self._configuration.text((b"filter", name), key)

    def _is_required(self, name: bytes) -> bool:
        return self._configuration.flag((b"filter", name), b"required", False)

    def _run(self, direction: bytes, name: bytes, path: bytes, content: bytes) -> bytes | None:
        """The output of a filter; None if it is not defined or fails."""
        process = self._definition(name, b"process")
        if process:
            return self._run_process(process, direction, path, content)
        command = self._definition(name, direction)
        return self._run_command(command, path, content) if command else None

    def _run_command(self, command: bytes, path: bytes, content: bytes) -> bytes | None:
        # Imported where needed: hooks are faster without them.
        import shlex
        import subprocess

        # %f is the path in shell quotes, %% a percent sign (convert.c, filter_buffer_or_fd).
        quoted = shlex.quote(path.decode("utf-8", "surrogateescape")).encode(
            "utf-8", "surrogateescape"
        )
        line = re.sub(rb"%([%f])", lambda match: quoted if match[1] == b"f" else b"%", command)
        try:
            completed = subprocess.run(
                ["sh", "-c", line],
                input=content,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self._root,
                check=False,
            )
        except OSError:
            return None
        return completed.stdout if completed.returncode == 0 else None

    def _run_process(
        self, command: bytes, direction: bytes, path: bytes, content: bytes
    ) -> bytes | None:
        from dulwich.filters import FilterError, ProcessFilterDriver

        driver = ProcessFilterDriver(
            process_cmd=command.decode("utf-8", "surrogateescape"), required=True, cwd=self._root
        )
        try:
            # The public clean() and smudge() do not pass the path on, as gitattributes(5) demands.
            return driver._use_process_filter(
                content, direction.decode("ascii"), path.decode("utf-8", "replace")
            )
        except (FilterError, OSError, ValueError):
            return None
        finally:
            driver.cleanup()


def lfs_pointer(content: bytes) -> bytes:
    """The pointer that Git LFS stores for ``content`` (git-lfs, docs/spec.md).

    A pointer stays as it is (a clone without Git LFS has pointers in its worktree), and so does
    empty content.
    """
    if not content or (len(content) < 1024 and _LFS_POINTER.fullmatch(content)):
        return content
    oid = hashlib.sha256(content).hexdigest()
    return (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"
    ).encode("ascii")

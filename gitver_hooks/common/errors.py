"""Defines the error for expected failures: what is wrong, and what to do about it."""


class GitverError(Exception):
    """An expected failure, to be shown as one line.

    ``message`` says what is wrong and names the file, setting or address at fault; ``remedy``
    says what the user can do. Neither may contain a credential: mask before raising.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}" if self.remedy else self.message


class StaleCode(GitverError):
    """The code is not what the active-model file says, and ``on_stale`` is ``error``."""

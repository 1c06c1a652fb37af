"""Errors meant to be shown to a person: what is wrong, with the value, and what to do next.

UserError
├── ConfigurationError   an operator can mend it: settings, paths, locks (exit 2)
├── UnreadableFile       one file could not be read; the rest go on
└── NotFound             an id that the library does not hold
"""

from __future__ import annotations


class UserError(Exception):
    """An error whose message a person can act on; shown without a traceback."""

    def __init__(self, problem: str, *, fix: str, code: str = "error") -> None:
        super().__init__(f"{problem} {fix}")
        self.problem = problem
        self.fix = fix
        self.code = code


class ConfigurationError(UserError):
    """Something about the installation or its settings that an operator must mend."""


class NotFound(UserError):
    """An id or name that the library does not hold."""

    def __init__(self, problem: str, *, fix: str) -> None:
        super().__init__(problem, fix=fix, code="not_found")


class UnreadableFile(UserError):
    """One file that could not be read. `code` names the kind for programs.

    Codes: empty, truncated, encrypted, wrong_type, unsupported, too_large, too_slow,
    too_much_memory, no_text, unreadable, crashed, not_found, storage_full.
    """

    def __init__(self, code: str, problem: str, *, fix: str) -> None:
        super().__init__(problem, fix=fix, code=code)

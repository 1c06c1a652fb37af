"""One thing that was looked at, and what was found."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from corpus.errors import UserError

logger = logging.getLogger(__name__)


class State(StrEnum):
    """What a check has found."""

    OK = "ok"
    WARN = "warn"  # it works, and something is worth knowing
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    detail: str  # with the value that was found
    fix: str = ""  # the next command or edit; empty when all is well


def guarded(name: str, check: Callable[[], Check]) -> Check:
    """What the check finds; an error that it did not expect is a finding too."""
    try:
        return check()
    except UserError as error:
        return Check(name, State.FAIL, error.problem, error.fix)
    except Exception as error:
        logger.info("the check %r ended early", name, exc_info=True)
        return Check(
            name,
            State.FAIL,
            f"the check could not be finished: {type(error).__name__}: {error}",
            "Mend what it names and run `plumbline doctor` again; if it names nothing of yours, "
            "report it.",
        )


def some(names: list[str]) -> str:
    """The first three names, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more

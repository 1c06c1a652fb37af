"""What has become of the findings of an earlier draft."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from assistant.checks.types import Change, Clause, Finding, Waiver


def fingerprint(clause: Clause, principle: str) -> str:
    """The same for the same words and principle, wherever in a draft they stand."""
    words = " ".join(re.findall(r"\w+", clause.judged_text.lower()))
    return hashlib.sha256(f"{principle}\n{words}".encode()).hexdigest()[:16]


def compared(
    findings: Sequence[Finding], earlier: Sequence[Finding]
) -> tuple[list[Finding], list[Finding]]:
    """The findings with what has changed, and those of the earlier draft that are gone.

    A finding has moved when it stands under other headings than before.
    """
    places = {found.fingerprint: found.clause.heading for found in earlier}
    left = Counter(found.fingerprint for found in earlier)
    marked: list[Finding] = []
    for found in findings:
        if left[found.fingerprint] > 0:
            left[found.fingerprint] -= 1
            stays = places[found.fingerprint] == found.clause.heading
            change = Change.UNCHANGED if stays else Change.MOVED
        else:
            change = Change.NEW
        marked.append(replace(found, change=change))
    fixed: list[Finding] = []
    for found in earlier:
        if left[found.fingerprint] > 0:
            left[found.fingerprint] -= 1
            fixed.append(replace(found, change=Change.FIXED))
    return marked, fixed


def waived(
    findings: Sequence[Finding], waivers: Sequence[Waiver], today: date
) -> tuple[list[Finding], list[str]]:
    """The findings with their waivers, and a note for each waiver that has run out or is unused."""
    valid: dict[str, Waiver] = {}
    for waiver in waivers:
        held = valid.get(waiver.fingerprint)
        # Of two waivers of one finding the one that holds longer counts.
        if waiver.expires >= today and (held is None or held.expires < waiver.expires):
            valid[waiver.fingerprint] = waiver
    known = {found.fingerprint for found in findings}
    notes: list[str] = []
    for waiver in waivers:
        if waiver.expires < today:
            notes.append(
                f"The waiver of {waiver.fingerprint} by {waiver.name} ran out on {waiver.expires}."
            )
        elif waiver.fingerprint not in known:
            notes.append(
                f"The waiver of {waiver.fingerprint} by {waiver.name} fits no finding of this "
                "draft: it can be taken out."
            )
    return [replace(found, waiver=valid.get(found.fingerprint)) for found in findings], notes

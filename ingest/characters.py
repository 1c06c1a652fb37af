"""Characters that a person does not see: taken out of the text, and reported."""

from __future__ import annotations

import re
from collections import Counter

# Characters without a shape that are never needed to read a text. Soft hyphens, direction
# overrides (they show a text in another order than a program reads it) and tags are among them.
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
# Joiners and direction marks shape Arabic, Indic and emoji text; between Latin letters they hide.
_JOINERS = "\u200c\u200d\u200e\u200f"
_SHAPED_BY_JOINERS = (
    "\u0590-\u08ff\u0900-\u109f\u1780-\u18af\u2190-\u2bff\ufb1d-\ufdff\ufe0f\ufe70-\ufefc"
    "\U0001f000-\U0001faff"
)
# The flags of England, Scotland and Wales are a black flag followed by tag characters: kept.
_TAG_FLAG = "\U0001f3f4[\U000e0030-\U000e007a]{3,6}\U000e007f"
_FOUND = re.compile(
    f"(?P<kept>{_TAG_FLAG}|(?<=[{_SHAPED_BY_JOINERS}])[{_JOINERS}]|"
    f"[{_JOINERS}](?=[{_SHAPED_BY_JOINERS}]))|[{_UNSEEN}{_JOINERS}]"
)
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_TAGS = range(0xE0020, 0xE007F)
_UNREMARKABLE = "\u00ad\ufeff"  # soft hyphens and byte order marks: dropped without a report


def without_controls(text: str) -> str:
    """The text without control characters; lone surrogates become U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", text))


def without_unseen(text: str) -> tuple[str, str]:
    """The text without its invisible characters, and what they were.

    The second value is empty when nothing was worth reporting. Unicode tag characters are
    spelt out as the ASCII they stand for; other characters are named and counted.
    """
    if text.isascii():
        return text, ""
    found: list[str] = []

    def keep_or_note(match: re.Match[str]) -> str:
        if match["kept"]:
            return match["kept"]
        found.append(match[0])
        return ""

    return _FOUND.sub(keep_or_note, text), _described(found)


def _described(found: list[str]) -> str:
    tags = "".join(chr(ord(letter) - 0xE0000) for letter in found if ord(letter) in _TAGS)
    counts = Counter(
        letter for letter in found if letter not in _UNREMARKABLE and ord(letter) not in _TAGS
    )
    named = [f"U+{ord(letter):04X} × {count}" for letter, count in sorted(counts.items())]
    return "; ".join(([tags] if tags else []) + named)

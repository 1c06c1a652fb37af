"""From the bytes of a text file to its characters, when nothing says how it was encoded.

In this order: byte order mark, UTF-16 and UTF-32 by their zero bytes, ISO-2022-JP by its
escapes, what the file declares, strict UTF-8, Windows-1252 where the result looks like Western
text, and a detector last: on short text the detector guesses, and guesses badly.
"""

from __future__ import annotations

import codecs
import re

_MARKS = (  # the longest first: the UTF-32 mark begins with the UTF-16 one
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What browsers read for a declared name; source: WHATWG Encoding Standard, "Names and labels".
_READ_AS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "euc_kr": "cp949",
    "utf-16": "utf-8",  # a declaration that could be read as ASCII is not in UTF-16
    "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
    "utf-32": "utf-8",
    "utf-7": "utf-8",
}
_LABELS = {  # of the same standard, that Python has no alias for
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "windows-31j": "cp932",
    "windows-949": "cp949",
    "dos-874": "cp874",
    "unicode-1-1-utf-8": "utf-8",
    "x-x-big5": "big5",
}
_TEXT_CODECS = frozenset(
    """ascii big5 big5hkscs cp037 cp437 cp850 cp852 cp855 cp858 cp862 cp864 cp866 cp874 cp932 cp949
    cp950 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 euc_jis_2004 euc_jisx0213
    euc_jp euc_kr gb18030 gb2312 gbk hz iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004
    iso2022_jp_3 iso2022_jp_ext iso2022_kr iso8859-1 iso8859-2 iso8859-3 iso8859-4 iso8859-5
    iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-10 iso8859-11 iso8859-13 iso8859-14 iso8859-15
    iso8859-16 johab koi8-r koi8-t koi8-u kz1048 mac-cyrillic mac-greek mac-iceland mac-latin2
    mac-roman mac-turkish ptcp154 shift_jis shift_jis_2004 shift_jisx0213 tis-620 utf-7 utf-8
    utf-8-sig utf-16 utf-16-be utf-16-le utf-32 utf-32-be utf-32-le""".split()
)
_SAMPLE = 200_000  # bytes from which the encoding is judged
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_HIGH_RUN = re.compile("[\x80-\xff]+")


class NotText(ValueError):
    """The bytes are not text in any encoding that is known here."""


def decode(data: bytes, *, declared: str = "") -> tuple[str, str]:
    """The text and the name of the encoding that gave it. Raises NotText for binary data."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, errors="replace"), name
    sample = data[:_SAMPLE]
    if 0 in sample:
        return _with_zero_bytes(data)
    if (b"\x1b$" in sample or b"\x1b(J" in sample) and _fits(data, "iso2022_jp_2"):
        return data.decode("iso2022_jp_2"), "iso2022_jp_2"
    if name := _codec(declared):
        text = data.decode(name, errors="replace")
        # A wrong declaration is common; a few broken bytes under a right one are too. Text in
        # one byte a letter is never UTF-8 by chance.
        if text.count("\ufffd") * 100 <= len(text) and not (
            len(text) == len(data) and not data.isascii() and _fits(data, "utf-8")
        ):
            return text, name
    if _fits(data, "utf-8"):
        return data.decode("utf-8"), "utf-8"
    if _has_controls(sample):
        raise NotText
    if _mostly_utf8(sample):
        return data.decode("utf-8", errors="replace"), "utf-8"
    if _looks_western(sample) and _fits(data, "cp1252"):
        return data.decode("cp1252"), "cp1252"
    name = _detected(sample) or "cp1252"
    return data.decode(name, errors="replace"), name


def _has_controls(data: bytes) -> bool:
    """Whether more than one byte in twenty is a sign that no text holds."""
    sample = data[:_SAMPLE]
    return len(_CONTROLS.findall(sample.decode("latin-1"))) * 20 > len(sample)


def _fits(data: bytes, name: str) -> bool:
    try:
        data.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def _codec(declared: str) -> str:
    """Python's name of a declared encoding; empty when there is none of that name."""
    label = declared.strip().strip("\"'").lower()
    for name in (label, label.removeprefix("x-"), _LABELS.get(label, "")):
        try:
            found = codecs.lookup(name).name
        except (LookupError, ValueError):
            continue
        return _READ_AS.get(found, found) if found in _TEXT_CODECS else ""
    return ""


def _with_zero_bytes(data: bytes) -> tuple[str, str]:
    """Text in UTF-16 or UTF-32 without a mark, told by where its zero bytes stand."""
    ends_at = len(data.rstrip(b"\x00"))
    # Filled up with zeros to a fixed length; the last letter of UTF-16 may end in a zero itself.
    if 0 < ends_at < len(data) - 4 and 0 not in data[:ends_at]:
        return decode(data[:ends_at])
    sample = data[: _SAMPLE & ~3]
    # Wide text is full of zero bytes, or else no UTF-8: zeros in other text are strays.
    rest = data.replace(b"\x00", b"")
    if sample.count(0) * 10 <= len(sample) and _fits(rest, "utf-8") and not _has_controls(rest):
        return rest.decode("utf-8"), "utf-8"
    zeros = [sample[place::4].count(0) for place in range(4)]
    quarter = max(len(sample) // 4, 1)
    if zeros[1] + zeros[2] + zeros[3] > 2.5 * quarter or zeros[2] + zeros[3] == 2 * quarter:
        names = ["utf-32-le"]
    elif zeros[0] + zeros[1] + zeros[2] > 2.5 * quarter or zeros[0] + zeros[1] == 2 * quarter:
        names = ["utf-32-be"]
    elif zeros[1] + zeros[3] >= zeros[0] + zeros[2]:
        names = ["utf-16-le", "utf-16-be"]
    else:
        names = ["utf-16-be", "utf-16-le"]
    for name in names:
        size = 4 if "32" in name else 2
        whole = data[: len(data) - len(data) % size]
        text = whole.decode(name, errors="replace")
        head = text[:_SAMPLE]
        odd = len(_CONTROLS.findall(head)) + head.count("\ufffd")
        unassigned = sum(
            1 for letter in head[:2000] if not (letter.isprintable() or letter.isspace())
        )
        if odd * 50 <= len(head) and unassigned * 20 <= len(head[:2000]):
            return text, name
    # A few stray zero bytes in otherwise plain text are dropped rather than refused.
    if sample.count(0) * 200 <= len(sample):
        return decode(data.replace(b"\x00", b""))
    raise NotText


def _mostly_utf8(sample: bytes) -> bool:
    """Whether nearly all bytes above ASCII form UTF-8 sequences: text with a little damage."""
    text = sample.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    good = sum(1 for letter in text if letter > "\x7f") - broken
    return good > 2 * broken


def _looks_western(sample: bytes) -> bool:
    """Whether bytes above ASCII stand as they do in Western European text: one or two at a time,
    letters within words, signs outside them."""
    text = sample.decode("cp1252", errors="replace")
    high = long_runs = misplaced = 0
    for match in _HIGH_RUN.finditer(sample.decode("latin-1")):
        start, end = match.span()
        high += end - start
        letters = sum(1 for letter in text[start:end] if letter.isalpha())
        if letters >= 3:
            long_runs += end - start
        for at in range(start, end):
            if (
                not text[at].isalpha()
                and text[at] not in "’‘–—-…\xa0\xad´`·"
                and text[at - 1 : at].isalpha()
                and text[at + 1 : at + 2].isalpha()
            ):
                misplaced += 1
    return long_runs * 5 <= high and misplaced * 10 <= high


def _detected(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    name = best.encoding if best is not None else ""
    # Only text that does not look Western comes here; in Polish or Czech, cp1252 is one step off.
    return "cp1250" if name == "cp1252" else name

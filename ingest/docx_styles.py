"""What the parts beside a Word document's text say of it: looks, styles and list numbers.

Element and attribute names are those of ECMA-376, part 1, section 17.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ingest.markup import Element, name_of
from ingest.numerals import numeral
from ingest.reading import HiddenKind

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@dataclass(frozen=True, slots=True)
class Look:
    """How a run looks, as far as that decides whether it can be seen; None is inherited."""

    vanish: bool | None = None
    white: bool | None = None
    half_points: int | None = None
    shaded: bool | None = None
    bold: bool | None = None

    def over(self, below: Look) -> Look:
        """This look where it says something, the other where it does not."""
        return Look(
            below.vanish if self.vanish is None else self.vanish,
            below.white if self.white is None else self.white,
            below.half_points if self.half_points is None else self.half_points,
            below.shaded if self.shaded is None else self.shaded,
            below.bold if self.bold is None else self.bold,
        )


@dataclass(frozen=True, slots=True)
class Style:
    """One style, without what it inherits."""

    name: str = ""
    based_on: str = ""
    outline: int = -1  # 0 is the highest level; 9 and -1 are body text
    numbering: tuple[str, int] | None = None  # (list id, depth)
    look: Look = Look()


@dataclass(frozen=True, slots=True)
class Level:
    """How one depth of a list is numbered; `text` is like "%1.%2"."""

    form: str = "bullet"
    text: str = ""
    start: int = 1


@dataclass(slots=True)
class Numbering:
    """The lists of a document and where their counters stand."""

    levels: dict[str, dict[int, Level]] = field(default_factory=dict[str, dict[int, Level]])
    abstract: dict[str, str] = field(default_factory=dict[str, str])  # list id → its definition
    counters: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])

    def label(self, identity: str, depth: int) -> str:
        """The label of the next item of a list: "3.2", "a)", or "-" for a bullet."""
        levels = self.levels.get(identity, {})
        level = levels.get(depth)
        if level is None or level.form == "bullet":
            return "-"
        if level.form == "none" or not level.text:
            return ""
        definition = self.abstract.get(identity, identity)
        now = self.counters.get((definition, depth), level.start - 1) + 1
        self.counters[definition, depth] = now
        for other in [key for key in self.counters if key[0] == definition and key[1] > depth]:
            del self.counters[other]

        def number(match: re.Match[str]) -> str:
            wanted = int(match[1]) - 1
            form = levels.get(wanted, level)
            value = self.counters.setdefault((definition, wanted), form.start)
            return _formatted(value, form.form)

        return re.sub(r"%([1-9])", number, level.text).strip()


_FORMS = {"lowerLetter": "a", "upperLetter": "A", "lowerRoman": "i", "upperRoman": "I"}


def _formatted(number: int, form: str) -> str:
    return f"{number:02d}" if form == "decimalZero" else numeral(number, _FORMS.get(form, "1"))


def style_of(element: Element) -> Style:
    """What a style definition says."""
    paragraph = child_of(element, "pPr")
    run = child_of(element, "rPr")
    outline = value_of(paragraph, "outlineLvl")
    look = look_of(run) if run is not None else Look()
    shading = shading_of(paragraph)
    if shading is not None and look.shaded is None:
        look = Look(shaded=shading).over(look)
    return Style(
        name=value_of(element, "name"),
        based_on=value_of(element, "basedOn"),
        outline=number_of(outline) if outline else -1,
        numbering=numbering_of(paragraph),
        look=look,
    )


def numbering_of(properties: Element | None) -> tuple[str, int] | None:
    """(list id, depth) that paragraph properties give; None when they give none."""
    element = child_of(properties, "numPr")
    if element is None:
        return None
    return value_of(element, "numId"), min(number_of(value_of(element, "ilvl")), 8)


def levels_of(parent: Element) -> dict[int, Level]:
    """The levels of a list definition, by depth counted from 0."""
    levels: dict[int, Level] = {}
    for element in parent.iterchildren():
        if name_of(element) == "lvl":
            start = value_of(element, "start")
            levels[number_of(element.get(W + "ilvl"))] = Level(
                value_of(element, "numFmt") or "decimal",
                value_of(element, "lvlText"),
                number_of(start) if start else 1,
            )
    return levels


def look_of(properties: Element) -> Look:
    """What run properties say about visibility."""
    colour = child_of(properties, "color")
    size = value_of(properties, "sz")
    shaded = shading_of(properties)
    highlight = value_of(properties, "highlight")
    if highlight and highlight not in ("none", "white"):
        shaded = True
    return Look(
        vanish=switch_of(properties, "vanish"),
        white=_is_white(colour) if colour is not None else None,
        half_points=number_of(size) if size else None,
        shaded=shaded,
        bold=switch_of(properties, "b"),
    )


def _is_white(colour: Element) -> bool:
    theme = colour.get(W + "themeColor") or ""
    if theme:
        return theme in ("background1", "light1") and not colour.get(W + "themeShade")
    value = colour.get(W + "val") or ""
    if not re.fullmatch(r"[0-9A-Fa-f]{6}", value):
        return False
    return all(int(value[at : at + 2], 16) >= 0xF5 for at in (0, 2, 4))


def shading_of(properties: Element | None) -> bool | None:
    """Whether a colour is painted behind the text; None when nothing is said about it."""
    shade = child_of(properties, "shd")
    if shade is None:
        return None
    fill = (shade.get(W + "fill") or "auto").lower()
    pattern = shade.get(W + "val") or "clear"
    if pattern not in ("clear", "nil", "none"):
        return True
    return bool(shade.get(W + "themeFill")) or fill not in ("auto", "ffffff", "")


def hidden_kind(look: Look) -> HiddenKind | None:
    """Why text of that look cannot be seen; None when it can."""
    if look.vanish:
        return HiddenKind.INVISIBLE
    if look.half_points is not None and look.half_points < 4:
        return HiddenKind.TINY
    if look.white and not look.shaded:
        return HiddenKind.WHITE
    return None


def child_of(parent: Element | None, name: str) -> Element | None:
    """The first child of that name; None when there is none."""
    if parent is None:
        return None
    return next((child for child in parent.iterchildren() if name_of(child) == name), None)


def value_of(parent: Element | None, name: str) -> str:
    """The `val` of a child; empty when there is none."""
    child = child_of(parent, name)
    return (child.get(W + "val") or "") if child is not None else ""


def number_of(text: str | None) -> int:
    """The number that a text is; 0 when it is none."""
    text = (text or "").strip()
    return int(text) if re.fullmatch(r"-?\d{1,9}", text) else 0


def switch_of(parent: Element, name: str) -> bool | None:
    """The state of a property such as `<w:b/>`; None when it is not there."""
    child = child_of(parent, name)
    if child is None:
        return None
    return (child.get(W + "val") or "true").lower() in ("1", "true", "on")


def is_on(value: str | None) -> bool:
    """Whether an attribute says yes."""
    return (value or "").lower() in ("1", "true", "on")

"""What of an HTML page cannot be seen: by attributes, inline styles and the page's style sheets.

Only what holds without running anything is judged: rules for one class or id, outside
`@media` and the like. White text is hidden unless something may be painted behind it. What a
person opens with a click (tabs, accordions) is not hidden, and neither is a page that its own
script shows when it has loaded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ingest.markup import Element, events_of, name_of
from ingest.reading import HiddenKind

_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_AT_BLOCK = re.compile(r"@[\w-]+[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_SELECTOR_PART = re.compile(r"[.#]?[A-Za-z][\w-]*")
_SIMPLE_SELECTOR = re.compile(r"(?:[a-z][\w-]*)?[.#][\w-]+", re.I)
_MOST_OF_A_PAGE = 0.9  # of its words
_LENGTH = re.compile(r"(-?\d*\.?\d+)(px|pt|em|rem|ex|%|vw|vh|in|cm|mm|pc)?")
_PIXELS = {
    "": 1.0, "px": 1.0, "pt": 4 / 3, "em": 16.0, "rem": 16.0, "ex": 8.0, "%": 0.16,
    "in": 96.0, "cm": 37.8, "mm": 3.78, "pc": 16.0, "vw": 12.0, "vh": 8.0,
}  # fmt: skip
_WHITE = re.compile(
    r"(?:white|snow|ivory|#fff|#ffff|#f[5-9a-f]f[5-9a-f]f[5-9a-f](?:ff)?|"
    r"rgba?\(\s*(?:25[0-5]|24[5-9])[\s,]+(?:25[0-5]|24[5-9])[\s,]+(?:25[0-5]|24[5-9])\b.*|"
    r"hsla?\(.*,\s*(?:100|9[89])%.*)",
    re.I,
)


@dataclass(slots=True)
class HidingRules:
    """What the page's own style sheets say, by `.class`, `#id` or element name."""

    hiding: dict[str, HiddenKind] = field(default_factory=dict[str, HiddenKind])
    painting: set[str] = field(default_factory=set[str])  # what has a background
    sizing: set[str] = field(default_factory=set[str])  # what has type of a size to be read
    opened: set[str] = field(default_factory=set[str])  # ids of what a click shows
    shown_by_script: set[Element] = field(default_factory=set[Element])
    elsewhere: bool = False  # whether further style sheets are not at hand

    def hides(self, element: Element) -> HiddenKind | None:
        """Why the element cannot be seen; None when it can."""
        name = name_of(element)
        if name in ("html", "body") or element in self.shown_by_script or self._opens(element):
            return None
        hidden = element.get("hidden")
        if hidden is not None and hidden.lower() != "until-found":
            return HiddenKind.HIDDEN_ELEMENT
        if name == "dialog" and element.get("open") is None:
            return HiddenKind.HIDDEN_ELEMENT
        kind = _hidden_by(element.get("style") or "")
        if name == "font" and _WHITE.fullmatch((element.get("color") or "").strip()):
            kind = kind or HiddenKind.WHITE
        if not kind and self.hiding:
            selectors = _selectors(element, name)
            kind = next((self.hiding[key] for key in selectors if key in self.hiding), None)
        if kind is HiddenKind.TINY and self._is_enlarged_within(element):
            return None
        return None if kind is HiddenKind.WHITE and self._is_painted(element) else kind

    def _opens(self, element: Element) -> bool:
        """Whether a person can open the element: a tab's panel, or what a control names."""
        role = (element.get("role") or "").lower()
        return role == "tabpanel" or (element.get("id") or "") in self.opened

    def _is_enlarged_within(self, element: Element) -> bool:
        """Whether all words in an element of no type size have a size of their own again.

        Pages are laid out so: it takes away the spaces between the boxes of a row.
        """
        events = events_of(element)
        found = False
        for event, inner in events:
            if event == "start":
                if inner is not element and self._is_sized(inner):
                    found = True
                    events.skip_subtree()
                elif (inner.text or "").strip():
                    return False
            elif inner is not element and (inner.tail or "").strip():
                return False
        return found

    def _is_sized(self, element: Element) -> bool:
        size = _font_size(_declarations(element.get("style") or ""))
        if size:
            return _is_readable_size(size)
        name = name_of(element)
        return name in self.sizing or not self.sizing.isdisjoint(_selectors(element, name))

    def _is_painted(self, element: Element) -> bool:
        """Whether anything may be painted behind the element: then white text can be read."""
        current: Element | None = element
        while current is not None:
            colour = (current.get("bgcolor") or "").strip()
            if (colour and not _WHITE.fullmatch(colour)) or current.get("background"):
                return True
            if _paints(_declarations(current.get("style") or "")):
                return True
            name = name_of(current)
            if name in self.painting or not self.painting.isdisjoint(_selectors(current, name)):
                return True
            if self.elsewhere and current is not element and current.get("class"):
                return True
            current = current.getparent()
        return False


def _selectors(element: Element, name: str) -> list[str]:
    """The simple selectors that match an element by its class or id."""
    keys = [f".{word}" for word in (element.get("class") or "").split()]
    if identity := (element.get("id") or "").strip():
        keys.append(f"#{identity}")
    return [*keys, *(name + key for key in keys)]


def hiding_rules(root: Element) -> HidingRules:
    """What the style sheets inside a page say, and what of it can be opened."""
    rules = HidingRules(opened=_opened_ids(root))
    rules.elsewhere = any(
        "stylesheet" in (link.get("rel") or "").lower() for link in root.iter("link")
    )
    for sheet in root.iter("style"):
        _add_sheet(rules, _CSS_COMMENT.sub("", sheet.text or ""))
    rules.shown_by_script = _shown_by_script(root, rules)
    return rules


def _add_sheet(rules: HidingRules, text: str) -> None:
    # What holds only in print, or on small screens, is not what most people see.
    text = _AT_BLOCK.sub("", text) if "@" in text else text
    shown: set[str] = set()
    for match in _RULE.finditer(text):
        kind = _hidden_by(match[2])
        values = _declarations(match[2])
        paints, sizes = _paints(values), _is_readable_size(_font_size(values))
        for selector in (part.strip() for part in match[1].split(",")):
            if paints:
                rules.painting.update(_last_parts(selector))
            if sizes:
                rules.sizing.update(_last_parts(selector))
            if not _SIMPLE_SELECTOR.fullmatch(selector):
                if _shows(values):  # in some state of the page
                    shown.update(_last_parts(selector))
            elif kind:
                rules.hiding[selector] = kind
            else:
                rules.hiding.pop(selector, None)
    for selector in shown:
        rules.hiding.pop(selector, None)


def _last_parts(selector: str) -> list[str]:
    """The names, classes and ids of what a selector is about, without what surrounds it."""
    return _SELECTOR_PART.findall(re.split(r"[\s>+~]+", selector)[-1])


def _shows(values: dict[str, str]) -> bool:
    """Whether a style undoes what hides an element."""
    return values.get("display", "none") != "none" or values.get("visibility") == "visible"


def _opened_ids(root: Element) -> set[str]:
    """The ids that the page's controls name as theirs to open."""
    found: set[str] = set()
    for control in root.iter():
        if not name_of(control):
            continue
        found.update((control.get("aria-controls") or "").split())
        toggle = control.get("data-bs-toggle") or control.get("data-toggle") or ""
        if toggle in ("collapse", "tab", "pill"):
            for name in ("data-bs-target", "data-target", "href"):
                found.add((control.get(name) or "").removeprefix("#"))
    return found - {""}


def _shown_by_script(root: Element, rules: HidingRules) -> set[Element]:
    """What is hidden and holds nearly all of a page that has scripts."""
    if not any(True for _ in root.iter("script")):
        return set()
    words = [0]  # of the elements that are open, from the outermost
    hidden: dict[Element, int] = {}
    events = events_of(root)
    for event, element in events:
        if event == "start":
            if name_of(element) in ("script", "style", "head", "noscript"):
                words.append(0)
                events.skip_subtree()
            else:
                words.append(len((element.text or "").split()))
        elif event == "end":
            count = words.pop()
            words[-1] += count + len((element.tail or "").split())
            if count and rules.hides(element):
                hidden[element] = count
    return {element for element, count in hidden.items() if count > _MOST_OF_A_PAGE * words[0]}


def _hidden_by(style: str) -> HiddenKind | None:
    """Why a style's declarations make text invisible; None when they do not."""
    values = _declarations(style)
    if values.get("display") == "none" or values.get("visibility") in ("hidden", "collapse"):
        return HiddenKind.HIDDEN_ELEMENT
    if values.get("content-visibility") == "hidden" or values.get("mso-hide") == "all":
        return HiddenKind.HIDDEN_ELEMENT
    if _is_zero(values.get("opacity", "")) or values.get("filter", "").startswith("opacity(0"):
        return HiddenKind.INVISIBLE
    if values.get("color") == "transparent" and "background-clip" not in style:
        return HiddenKind.INVISIBLE
    if (size := _pixels(_font_size(values))) is not None and size < 2:
        return HiddenKind.TINY
    if _is_off_page(values):
        return HiddenKind.OFF_PAGE
    white = _WHITE.fullmatch(values.get("color", "")) and not _paints(values)
    return HiddenKind.WHITE if white else None


def _declarations(style: str) -> dict[str, str]:
    """The properties of a style and their values, in lower case."""
    values: dict[str, str] = {}
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        values[name.strip().lower()] = value.replace("!important", "").strip().lower()
    return values


def _font_size(values: dict[str, str]) -> str:
    if "font-size" in values:
        return values["font-size"]
    found = re.search(r"(?:^|\s)(-?[\d.]+(?:px|pt|em|rem|%)?)(?:/|\s)", values.get("font", ""))
    return found[1] if found else ""


def _is_readable_size(size: str) -> bool:
    """Whether a type size is large enough, and not a share of what surrounds it."""
    pixels = _pixels(size)
    return pixels is not None and pixels >= 2 and not re.search(r"(?:\d|\.)(?:em|ex|%)$", size)


def _is_off_page(values: dict[str, str]) -> bool:
    if (indent := _pixels(values.get("text-indent", ""))) is not None and indent <= -500:
        return True
    if values.get("position") in ("absolute", "fixed"):
        for side in ("left", "top", "right", "bottom"):
            if (offset := _pixels(values.get(side, ""))) is not None and offset <= -500:
                return True
        clip = values.get("clip", "").replace(" ", "")
        if re.fullmatch(r"rect\((?:0|1)(?:px)?(?:,?(?:0|1)(?:px)?){3}\)", clip):
            return True
    if re.match(r"inset\((?:50|100)%", values.get("clip-path", "")):
        return True
    if re.search(r"scale\(\s*0\s*[,)]", values.get("transform", "")):
        return True
    none = any(_is_zero(values.get(side, "")) for side in ("height", "width", "max-height"))
    return none and values.get("overflow", "") == "hidden"


def _pixels(value: str) -> float | None:
    match = _LENGTH.fullmatch(value.strip())
    return float(match[1]) * _PIXELS[match[2] or ""] if match else None


def _is_zero(value: str) -> bool:
    match = _LENGTH.fullmatch(value.strip())
    return match is not None and abs(float(match[1])) < 0.02


def _paints(values: dict[str, str]) -> bool:
    """Whether a style paints something behind its text, or an edge around it."""
    nothing = ("none", "transparent", "inherit", "initial", "unset", "")
    for name, value in values.items():
        if name.startswith("background") and value not in nothing and not _WHITE.fullmatch(value):
            return True
    return "text-shadow" in values or "-webkit-text-stroke" in values

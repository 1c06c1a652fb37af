"""Parties, politicians and slogans out of a clause, so that who says it cannot matter."""

from __future__ import annotations

import re

_PARTIES = (
    r"(?:(?:new )?labour(?: and co-operative)?|conservatives?|conservative and unionists?|"
    r"tor(?:y|ies)|lib(?:eral)?[ -]?dem(?:ocrat)?s?|liberals?|social democrats?|sdp|"
    r"scottish nationalists?|scottish national|snp|plaid cymru|plaid|greens?|ukip|"
    r"uk independence|reform uk|brexit|democratic unionists?|dup|ulster unionists?|uup|"
    r"sinn f[eé]in|sdlp|social democratic and labour|alliance|traditional unionist voice|tuv|"
    r"national health action|nha|co-operative|women’?'?s equality|respect|bnp|british national|"
    r"alba|communist|socialists?|change uk|for britain|veritas|north east|yorkshire|mebyon kernow)"
)
_NAMES = (  # parties that no other word in policy prose is spelt like, with or without "Party"
    r"(?:Labour|Conservatives?|Tor(?:y|ies)|Lib(?:eral)?[ -]?Dem(?:ocrat)?s?|Liberals|"
    r"SDP|SNP|Plaid Cymru|Plaid|Greens|UKIP|Reform UK|Sinn F[eé]in|SDLP|DUP|UUP|TUV|NHA|BNP)"
)
_ADJECTIVES = (
    r"(?:Labour|Conservative|Tory|Liberal Democrat|Lib Dem|Liberal|SNP|Plaid Cymru|Plaid|Green|"
    r"UKIP|Reform UK|Reform|DUP|Sinn F[eé]in|SDLP|Unionist|Alliance|Co-operative Party)"
)
_OFFICES = (
    r"(?:[Gg]overnments?|administrations?|council(?:s|lor|lors)?|ministers?|majority|MPs?|mayors?|"
    r"Chancellor|Prime Minister|candidates?|manifesto|MSPs?|MSs?|cabinet)"
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # "A Labour government", "the next Conservative council", "a Green-led council"
    (re.compile(rf"\b[Aa]n? (?:{_ADJECTIVES})(?:[- ]led)? (?={_OFFICES}\b)"), "a "),
    (re.compile(rf"\b(?:{_ADJECTIVES})(?:[- ]led)? (?={_OFFICES}\b)"), ""),
    # "The Liberal Party", "the Green Party's"
    (re.compile(rf"\b(?:the )?{_PARTIES} party\b", re.IGNORECASE), "our party"),
    (re.compile(rf"\b(?:[Tt]he )?{_NAMES}\b"), "our party"),
)
_PEOPLE = re.compile(
    r"\b(?:(?:Mr|Mrs|Ms|Miss|Prime Minister)\.? [A-Z][\w’'-]*[a-z]|"
    r"(?:(?:Sir|Dame|Lord|Lady|Baroness|President) )?(?:"
    r"(?:Clement |Clem )?Attlee|(?:Winston )?Churchill|(?:Anthony )?Eden|(?:Harold )?Macmillan|"
    r"(?:Alec )?Douglas-Home|Harold Wilson|(?:Edward |Ted )Heath|(?:James |Jim )?Callaghan|"
    r"(?:Margaret )?Thatcher|John Major|(?:Tony )Blair|Gordon Brown|David Cameron|"
    r"Theresa May|Boris Johnson|(?:Liz |Elizabeth )Truss|(?:Rishi )?Sunak|"
    r"(?:Keir )?Starmer|(?:Jeremy )?Corbyn|(?:Ed(?:ward)? |David )?Miliband|(?:Neil )?Kinnock|"
    r"Michael Foot|John Smith|(?:William )Hague|(?:Iain )?Duncan Smith|Michael Howard|"
    r"(?:Nick )Clegg|(?:Paddy )?Ashdown|Charles Kennedy|(?:Menzies )?Campbell|Tim Farron|"
    r"(?:Vince )?Cable|(?:Jo )?Swinson|Ed Davey|(?:Nicola )?Sturgeon|(?:Alex )?Salmond|"
    r"John Swinney|Humza Yousaf|Leanne Wood|Adam Price|Rhun ap Iorwerth|(?:Nigel )?Farage|"
    r"(?:Caroline )Lucas|Natalie Bennett|Carla Denyer|Adrian Ramsay|Zack Polanski|"
    r"(?:Kemi )?Badenoch|(?:George )?Osborne|(?:Rachel )?Reeves|(?:Wes )?Streeting|"
    r"(?:Andrew )?Lansley|(?:Jeremy )Hunt|(?:Michael )?Gove|(?:Angela )?Rayner|(?:Andy )Burnham|"
    r"(?:Sadiq )Khan|(?:Dominic )?Cummings))"
    r"(?P<own>['’]s)?\b"
)
_SLOGANS = re.compile(
    r"\b(?:the )?(?:big society|levelling[- ]up|build(?:ing)? back better|take back control|"
    r"taking back control|strong and stable|for the many,? not the few|get brexit done|"
    r"back to basics|things can only get better|forward,? not back|broken britain|"
    r"long[- ]term economic plan|northern powerhouse|cool britannia|stronger for scotland|"
    r"plan for change|change begins|clear plan, bold action|real change|a fair deal|"
    r"vote for change|security, stability,? opportunity|let us face the future)\b",
    re.IGNORECASE,
)
_SPACES = re.compile(r"\s+")


def masked(text: str) -> str:
    """The text with one neutral wording for any party, politician or slogan."""
    text = _SPACES.sub(" ", text)
    text = _SLOGANS.sub("our plan", text)
    text = _PEOPLE.sub(lambda found: f"the leader{found['own'] or ''}", text)
    for pattern, neutral in _RULES:
        text = pattern.sub(neutral, text)
    text = text.strip()
    return text[:1].upper() + text[1:]

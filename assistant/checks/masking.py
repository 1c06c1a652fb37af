"""Parties, politicians and slogans out of a clause, so that who says it cannot matter."""

from __future__ import annotations

import re

_NATION = r"(?:(?:UK|Scottish|Welsh|Northern Ireland) )?"
_PARTIES = (
    r"(?:(?:new )?labour(?: and co-operative)?|conservatives?|conservative and unionists?|"
    r"tor(?:y|ies)|lib(?:eral)?[ -]?dem(?:ocrat)?s?|liberals?|social democrat(?:s|ic)?|sdp|"
    r"scottish nationalists?|scottish national|snp|plaid cymru|plaid|greens?|ukip|"
    r"uk independence|reform uk|brexit|democratic unionists?|dup|ulster unionists?|uup|"
    r"sinn f[eé]in|sdlp|social democratic and labour|alliance|traditional unionist voice|tuv|"
    r"national health action|nha|co-operative|women’?'?s equality|respect|bnp|british national|"
    r"alba|communist|socialists?|change uk|for britain|veritas|north east|yorkshire|"
    r"mebyon kernow|volt|workers|scottish socialist|heritage|english democrats?)"
)
_NAMES = (  # parties that no other word in policy prose is spelt like, with or without "Party"
    r"(?:New Labour|Labour|Conservatives?|Tor(?:y|ies)|Lib(?:eral)?[ -]?Dem(?:ocrat)?s?|Liberals|"
    r"Social Democrats|SDP|SNP|Plaid Cymru|Plaid|Greens|UKIP|Reform UK|Sinn F[eé]in|SDLP|"
    r"Democratic Unionists|DUP|Ulster Unionists|UUP|Traditional Unionist Voice|TUV|NHA|BNP|"
    r"(?<!BBC )Alba|Volt UK|Mebyon Kernow|Change UK|Your Party|Reform Party)"
)
_ADJECTIVES = (
    r"(?:New Labour|Labour|Conservative|Tory|Liberal Democrat|Lib Dem|Liberal|SNP|Plaid Cymru|"
    r"Plaid|Green|UKIP|Reform UK|Reform|DUP|Democratic Unionist|Ulster Unionist|UUP|TUV|SDLP|SDP|"
    r"Sinn F[eé]in|Unionist|Alliance|Co-operative Party|Alba|Brexit Party|Workers Party|"
    r"Volt UK|Your Party|Traditional Unionist Voice|Social Democratic|Social Democrat)(?: Party)?"
)
_OFFICES = (
    r"(?:[Gg]overnments?|administrations?|council(?:s|lor|lors)?|ministers?|majority|MPs?|mayors?|"
    r"Chancellor|Prime Minister|candidates?|manifesto|MSPs?|MSs?|cabinet)"
)
_DIVIDED = r"(?:Green|Reform|Alliance)"  # words of policy prose, too: parties in some places only
_DOES = r"(?:['’]s\b|(?=,|\.|$| (?:will|would|has|is|can|in power|MPs)\b))"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # "A Labour government", "the next Scottish Conservative council", "a Green-led council"
    (re.compile(rf"\b[Aa]n? {_NATION}(?:{_ADJECTIVES})(?:[- ]led)? (?={_OFFICES}\b)"), "a "),
    (re.compile(rf"\b{_NATION}(?:{_ADJECTIVES})(?:[- ]led)? (?={_OFFICES}\b)"), ""),
    # "The Liberal Party", "the Green Party's", "the Green Party of England and Wales"
    (
        re.compile(
            rf"\b(?:the )?{_NATION}{_PARTIES} party\b"
            r"(?: of (?:england and wales|northern ireland|great britain|britain|scotland)\b)?",
            re.IGNORECASE,
        ),
        "our party",
    ),
    (
        re.compile(rf"\b(?:[Tt]he )?{_NATION}{_NAMES}\b(?:,? [-–—] [Tt]he Party of Wales\b)?"),
        "our party",
    ),
    # "Vote Green", "under Reform, councils ...", "a vote for Alliance"; "Green-run councils"
    (
        re.compile(rf"\b(?P<vote>[Vv]ot(?:e|es|ed|ing)(?: for)?) {_NATION}{_DIVIDED}\b"),
        r"\g<vote> our party",
    ),
    (
        re.compile(
            rf"\b(?P<by>[Uu]nder|[Ww]ith|[Oo]nly|[Bb]y|[Ff]rom) (?:Reform|Alliance)(?P<own>{_DOES})"
        ),
        r"\g<by> our party\g<own>",
    ),
    (re.compile(rf"\b{_NATION}{_DIVIDED}(?=-(?:run|controlled|led)\b)"), "our party"),
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

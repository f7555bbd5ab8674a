"""Attribute values read from a caption by the closed vocabulary: precise rather than complete.

A noun of the lexicon is read with the words directly before it ("a navy jacket"), and a person also with what "he is"
("he is bald and tall"). Nothing is read of what is denied, of other persons, of a garment that comes twice in different
words, or of a colour that is not the only one.

>>> read("A woman with a navy jacket and no backpack.")
{'gender_presentation': 'feminine', 'upper_type': 'jacket', 'upper_color_primary': 'dark_blue', 'backpack': 'no'}
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import NamedTuple

from generators.captions.lexicon import lexicon
from schemas.vocabulary import VOCABULARY

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|[.,;:!?]")
_STOPS = frozenset(".;!?")
_PRONOUNS = {"he": "masculine", "she": "feminine"}
_ARTICLES = frozenset(("a", "an", "one"))
_DETERMINERS = _ARTICLES | {"the", "his", "her", "their", "this", "that", "some"}
# Nouns that are read only after one of these or a colour: not "on top of", not "the male is".
_NEEDS_LEFT = frozenset(("top", "mask", "tee", "flats", "male", "female", "dress", "polo"))
_DENIALS = frozenset(("no", "without"))
_IS = frozenset(("is", "was", "looks", "looked"))
_DEGREES = frozenset(("very", "quite", "rather", "fairly", "also", "completely"))
_AFTER_TRAITS = frozenset(("", ",", "and", "with", "in"))
_UNCLEAR = "unclear"
_ORDER = {key: place for place, key in enumerate(VOCABULARY)}


class _Token(NamedTuple):
    """A word or phrase: `kind` is head, before, neutral, others, absent, present, or word for all that is not listed.

    A head has its group and noun value; a word that stands before nouns has pairs of what it speaks of and its value.
    """

    kind: str
    text: str
    group: str = ""
    value: str = ""
    said: tuple[tuple[str, str], ...] = ()


_END = _Token("word", "")


@dataclass(slots=True)
class _Mention:
    """One noun and what the words before it say; several nouns when they are joined by `or`."""

    group: str
    nouns: list[str]
    denied: bool
    none: bool
    before: dict[str, list[str]] = field(default_factory=dict)


def read(text: str) -> dict[str, str]:
    """The values that a caption states plainly, by vocabulary key in vocabulary order."""
    return _settled(*_told(text))


def read_fully(text: str) -> tuple[dict[str, str], frozenset[str]]:
    """The same, and what the caption speaks of, be it read or not: `shoes`, `hair`, `dotted` for dots on a shirt."""
    groups, pronouns = _told(text)
    topics = {group for group, mentions in groups.items() if not all(mention.denied for mention in mentions)}
    topics.update(_behind()[found[1]] for found in _behind_a_garment().finditer(text.lower()))
    topics.update("hair" for mention in groups.get("person", ()) if not _OF_HAIR.isdisjoint(mention.before))
    return _settled(groups, pronouns), frozenset(topics)


def _told(text: str) -> tuple[dict[str, list[_Mention]], set[str]]:
    """The nouns of a caption by what they are of, and the genders of its pronouns."""
    pronouns: set[str] = set()
    groups: dict[str, list[_Mention]] = {}
    for tokens in _sentences(text):
        pronouns.update(_PRONOUNS[token.text] for token in tokens if token.text in _PRONOUNS)
        for mention in _mentions(tokens):
            groups.setdefault(mention.group, []).append(mention)
    return groups, pronouns


def _settled(groups: dict[str, list[_Mention]], pronouns: set[str]) -> dict[str, str]:
    genders = {noun for mention in groups.get("person", ()) for noun in mention.nouns} - {"any"}
    if len(genders) > 1:
        return {}
    found: dict[str, set[str]] = {}
    for mentions in groups.values():
        _settle(mentions, found)
    found.setdefault("gender_presentation", genders or pronouns)
    return {key: next(iter(found[key])) for key in sorted(found, key=_ORDER.__getitem__) if len(found[key]) == 1}


def _sentences(text: str) -> Iterator[list[_Token]]:
    """The phrases of each sentence, the longest that the lexicon has, from the left."""
    phrases = _lexicon()
    words = _WORD.findall(text.lower().replace("-", " ").replace("’", "'"))
    tokens: list[_Token] = []
    place = 0
    while place < len(words):
        word = words[place]
        place += 1
        if word in _STOPS:
            yield tokens
            tokens = []
            continue
        token = _END
        for rest, known in phrases.get(word, ()):
            if not rest or words[place : place + len(rest)] == rest:
                token = known
                place += len(rest)
                break
        tokens.append(_plain(word) if token is _END else token)
    yield tokens


@lru_cache(maxsize=16_384)
def _plain(word: str) -> _Token:
    return _Token("word", word)


@cache
def _lexicon() -> dict[str, list[tuple[list[str], _Token]]]:
    """Phrases by their first word, longest first, each with the words after the first."""
    entries = {
        phrase: _Token(kind, phrase)
        for kind in ("neutral", "others", "absent", "present")
        for phrase in lexicon()[kind]
    }
    for what, values in lexicon()["before"].items():
        for value, phrase in ((value, phrase) for value, phrases in values.items() for phrase in phrases):
            known = entries.get(phrase, _Token("before", phrase))
            entries[phrase] = _Token("before", phrase, said=(*known.said, (what, value)))
    for group, values in lexicon()["heads"].items():
        for value, phrase in ((value, phrase) for value, phrases in values.items() for phrase in phrases):
            entries[phrase] = _Token("head", phrase, group, value)
    index: dict[str, list[tuple[list[str], _Token]]] = {}
    for phrase, token in sorted(entries.items(), key=lambda item: -item[0].count(" ")):
        first, *rest = phrase.split()
        index.setdefault(first, []).append((rest, token))
    return index


@cache
def _tails() -> frozenset[str]:
    return frozenset(lexicon()["tails"])


@cache
def _behind() -> dict[str, str]:
    return {noun: value for value, nouns in lexicon()["behind"].items() for noun in nouns}


@cache
def _behind_a_garment() -> re.Pattern[str]:
    nouns = "|".join(sorted(_behind(), key=len, reverse=True))
    return re.compile(rf"\b(?:with|in) (?:an? )?(?:[a-z]+ ){{0,2}}?({nouns})\b")


def _mentions(tokens: list[_Token]) -> list[_Mention]:
    """The nouns of one sentence, until it turns to somebody else."""
    found: list[_Mention] = []
    denied = False
    for place, token in enumerate(tokens):
        if token.kind == "others":
            break
        if token.kind in ("absent", "present"):
            denied = _is_denied(tokens, place, denied)
        if token.text in _IS and not denied and (traits := _traits(tokens, place)):
            found.append(_Mention("person", ["any"], denied, none=False, before=traits))
        if token.kind != "head" or not _stands_alone(tokens, place):
            continue
        mention, left = _mention(tokens, place, denied)
        if token.group == "person" and _is_stranger(tokens, left, found):
            break
        if _joins(tokens, place, mention, found):
            continue
        known = _text(tokens, left) in _DETERMINERS or mention.before
        if known or token.text not in _NEEDS_LEFT:
            found.append(mention)
    return found


def _text(tokens: list[_Token], place: int) -> str:
    return tokens[place].text if 0 <= place < len(tokens) else ""


def _traits(tokens: list[_Token], place: int) -> dict[str, list[str]]:
    """What `he is` or `the man is` goes on to say of the person, unless a noun follows: `bald`, not `bald tyre`."""
    before = tokens[place - 1] if place else _END
    if before.text == "who" and place > 1:
        before = tokens[place - 2]
    if before.text not in _PRONOUNS and before.group != "person":
        return {}
    place += 1 + (_text(tokens, place + 1) in _DEGREES)
    said = tokens[place].said if place < len(tokens) else ()
    ends = _text(tokens, place + 1) in _AFTER_TRAITS
    return {what: [value] for what, value in said if ends and what in _groups()["person"]}


def _is_denied(tokens: list[_Token], place: int, before: bool) -> bool:
    """Whether things are denied from here on: `not wearing` still denies, `but` never does."""
    token = tokens[place]
    if token.kind == "absent":
        return True
    return before and token.text != "but" and any(near.kind == "absent" for near in tokens[max(0, place - 2) : place])


def _is_stranger(tokens: list[_Token], left: int, found: list[_Mention]) -> bool:
    """Whether `a man` at this article is a second person; `is a man` is the first, and `and a man` makes it both."""
    if _text(tokens, left) not in _ARTICLES or not any(mention.group == "person" for mention in found):
        return False
    return _text(tokens, left - 1) not in ("and", "is", "was")


def _stands_alone(tokens: list[_Token], place: int) -> bool:
    """Whether a noun is not the first half of another: `jean` in `jean jacket`, `hair` in `hair band`."""
    after = tokens[place + 1] if place + 1 < len(tokens) else _END
    return after.kind != "head" and after.text not in _tails()


def _mention(tokens: list[_Token], place: int, denied: bool) -> tuple[_Mention, int]:
    """The noun at a place with what stands before it, and the place of the word where that ends (-1: none)."""
    head = tokens[place]
    mention = _Mention(head.group, [head.value], denied, none=False)
    place -= 1
    while place >= 0:
        token = tokens[place]
        if token.kind == "before":
            _say(mention, tuple((what, _UNCLEAR if what in mention.before else value) for what, value in token.said))
        elif token.text == "or" and place and _shares(mention, tokens[place - 1]):
            _say(mention, tokens[place - 1].said)
            place -= 1
        elif token.text in ("and", ",") and _goes_on(tokens, place, mention):
            pass
        elif token.text in ("and", ",") and place and tokens[place - 1].kind == "before":
            _say(mention, tuple((what, _UNCLEAR) for what, _ in tokens[place - 1].said if what in mention.before))
            break
        elif token.kind != "neutral" and not (token.kind == "head" and tokens[place + 1].kind == "head"):
            break
        place -= 1
    article = _text(tokens, place) in _ARTICLES
    mention.none = _text(tokens, place - article) in _DENIALS
    return mention, place


def _goes_on(tokens: list[_Token], place: int, mention: _Mention) -> bool:
    """Whether traits of a person go on before this comma or `and`: `a tall, old man`, not `a red, blue cap`."""
    before = tokens[place - 1] if place else _END
    return mention.group == "person" and before.kind == "before" and not _shares(mention, before)


def _say(mention: _Mention, said: tuple[tuple[str, str], ...]) -> None:
    for what, value in said:
        mention.before.setdefault(what, []).append(value)


def _shares(mention: _Mention, token: _Token) -> bool:
    return token.kind == "before" and any(what in mention.before for what, _ in token.said)


def _joins(tokens: list[_Token], place: int, mention: _Mention, found: list[_Mention]) -> bool:
    """Whether the noun is an alternative to the one before it, which then takes it in: `a skirt or dress`."""
    at = place - 1
    while at >= 0 and (tokens[at].kind in ("before", "neutral") or tokens[at].text in _ARTICLES):
        at -= 1
    before = tokens[at - 1] if at > 0 and tokens[at].text == "or" else _END
    if before.kind != "head" or not found or found[-1].group != mention.group:
        return False
    found[-1].nouns.extend(mention.nouns)
    return True


def _settle(mentions: list[_Mention], found: dict[str, set[str]]) -> None:
    """Add what the mentions of one group say; nothing when they are of different things or contradict each other."""
    group = mentions[0].group
    keys = _groups()[group]
    denied = [mention.denied for mention in mentions]
    if any(denied):
        if all(denied) and group == "backpack" and any(mention.none for mention in mentions):
            found.setdefault(keys["noun"], set()).add("no")
        return
    nouns = {frozenset(mention.nouns) for mention in mentions}
    nouns = nouns - {_ANY} if group in _OF_ANY_KIND else nouns
    if len(nouns) > 1:
        return
    for noun in nouns:
        _add(found, keys["noun"], noun)
    for what in {what for mention in mentions for what in mention.before if what in keys}:
        said = {frozenset(mention.before[what]) for mention in mentions if what in mention.before}
        if len(said) == 1:
            _add(found, keys[what], said.pop())


_ANY = frozenset(("any",))
_OF_ANY_KIND = frozenset(("person", "shoes"))
_OF_HAIR = frozenset(("crown", "haired"))


@cache
def _groups() -> dict[str, dict[str, str]]:
    groups: dict[str, dict[str, str]] = lexicon()["groups"]
    return groups


def _add(found: dict[str, set[str]], key: str, values: frozenset[str]) -> None:
    """One value, or alternatives joined in vocabulary order; nothing when one of them is not a value of the key."""
    allowed = VOCABULARY[key].values
    if all(value in allowed for value in values):
        joined = next(iter(values)) if len(values) == 1 else "|".join(sorted(values, key=allowed.index))
        found.setdefault(key, set()).add(joined)

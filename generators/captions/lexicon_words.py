"""Sets of words of the lexicon that filters of texts look words up in."""

from collections.abc import Iterator

from generators.captions.lexicon import lexicon

_OF_THE_BODY = ("person", "hair", "face", "eyes")


def _nouns() -> Iterator[str]:
    """The nouns of what is worn or carried, as they are written."""
    for group, values in lexicon()["heads"].items():
        if group not in _OF_THE_BODY:
            yield from (noun for nouns in values.values() for noun in nouns)


def _all_words() -> Iterator[str]:
    for part in ("heads", "before"):
        yield from (word for values in lexicon()[part].values() for words in values.values() for word in words)
    for part in ("others", "absent", "present", "neutral", "tails"):
        yield from lexicon()[part]


WORN = tuple(sorted(set(_nouns())))
"""What is worn or carried, in one or more words."""
GARMENTS = frozenset(word for noun in WORN for word in noun.split())
"""The words of WORN, one by one."""
KNOWN = frozenset(word for phrase in _all_words() for word in str(phrase).split())
"""Every word of the lexicon."""
COLOUR_OF = {
    word: value
    for value, words in lexicon()["before"]["colour"].items()
    for word in words
    if " " not in word and value not in ("unclear", "multicolour")
}
"""Colours of one word, with the vocabulary value of each."""

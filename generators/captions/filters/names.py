"""A person's name: after a title, after `named`, or a first name that models make up, not one of a brand or a shoe."""

import re

from generators.captions.plain_texts import PLAIN, texts
from schemas.filter import Filter, Said

_FIRST = (
    *("Aisha", "Alex", "Alice", "Amy", "Anna", "Bob", "Carlos", "Chen", "Chris", "Daniel", "David", "Emily", "Emma"),
    *("Eric", "Fatima", "George", "Hans", "Henry", "Isabella", "Ivan", "Jack", "James", "Jane", "Jason", "Jennifer"),
    *("Jessica", "Jim", "Joe", "John", "Jose", "Julia", "Karen", "Kate", "Kevin", "Laura", "Lee", "Linda", "Lisa"),
    *("Li", "Lucy", "Maria", "Mark", "Mary", "Mei", "Michael", "Mike", "Mohammed", "Nancy", "Nick", "Olivia", "Omar"),
    *("Paul", "Pedro", "Peter", "Raj", "Robert", "Ryan", "Sam", "Sarah", "Sofia", "Sophia", "Steve", "Susan"),
    *("Thomas", "Tom", "Wang", "Wei", "William", "Yuki", "Zhang"),
)
# Brands, shoes and prints that hold a first name.
_NO_PERSON = re.compile(
    r"\b(?:Jack (?:Wolfskin|Jones|and Jones)|Mary[- ]Janes?|Tom and Jerry|Tommy \w+|Michael Kors|Paul Smith"
    r"|Thomas Sabo|Mark-\w+|Dr\.? Martens|Lee (?=denim|jeans|jacket)|(?:Big|Union) John|St\.? John|Jack Daniel'?s)"
)
_NAME = re.compile(
    rf"\b(?:{'|'.join(_FIRST)})\b(?!-)"
    r"|\b(?:[Nn]amed|[Nn]ame is|[Kk]nown as|[Ii]dentified as|[Pp]ossibly|[Ll]ooks like|[Rr]esembles)"
    r" (?!The\b|A\b)[A-Z][a-z]+"
    r"|(?<!-)\b[Cc]alled [A-Z][a-z]+"
    r"|\b(?:[Pp]erson|[Mm]an|[Ww]oman|[Tt]his) is [A-Z][a-z]+(?:,| [A-Z])"
    r"|\b(?:Mr|Mrs|Ms|Dr|Prof|Professor|Miss|Sir|Madam)\.? [A-Z]"
)


def _score(said: Said) -> float:
    return float(_NAME.search(_NO_PERSON.sub(" ", said.text)) is not None)


FILTER = Filter(
    name="names",
    blocks=True,
    score=_score,
    made_only=True,
    good=(
        PLAIN,
        *texts(
            "A man in a T-shirt with the mark of a sports brand.",
            "A woman in a Nike-like jacket and Mary Jane shoes.",
            "A man with a Jack Wolfskin backpack and Dr. Martens boots.",
        ),
    ),
    bad=texts(
        "John wears a coat and jeans.",
        "A man named Arvid in a coat.",
        "Mrs. Low wears a red dress.",
        "A woman known as Signe in a red jacket.",
        "This looks like Barack Obama in a dark suit.",
        "The person is Greta Garbo in a beige coat.",
    ),
)

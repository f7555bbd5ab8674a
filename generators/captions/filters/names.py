"""A person's name: after a title, after `named`, or one of the first names that models make up."""

import re

from generators.captions.plain_texts import PLAIN, texts
from schemas.filter import Filter, Said

_FIRST = (
    *("Alex", "Alice", "Amy", "Anna", "Bob", "Chen", "Chris", "Daniel", "David", "Emily", "Emma", "Eric", "Fatima"),
    *(
        "George",
        "Hans",
        "Henry",
        "Jack",
        "James",
        "Jane",
        "Jason",
        "Jennifer",
        "Jessica",
        "Jim",
        "Joe",
        "John",
        "Julia",
    ),
    *("Karen", "Kate", "Kevin", "Laura", "Lee", "Linda", "Lisa", "Li", "Lucy", "Maria", "Mark", "Mary", "Michael"),
    *("Mike", "Mohammed", "Nancy", "Nick", "Paul", "Peter", "Robert", "Ryan", "Sam", "Sarah", "Sophia", "Steve"),
    *("Susan", "Thomas", "Tom", "Wang", "William", "Yuki", "Zhang"),
)
_NAME = re.compile(
    rf"\b(?:{'|'.join(_FIRST)})\b|\b(?:[Nn]amed|[Cc]alled|[Nn]ame is) [A-Z][a-z]+|\b(?:Mr|Mrs|Ms|Dr|Prof|Miss)\.? [A-Z]"
)


def _score(said: Said) -> float:
    return float(_NAME.search(said.text) is not None)


FILTER = Filter(
    name="names",
    blocks=True,
    score=_score,
    made_only=True,
    good=(PLAIN, *texts("A man in a T-shirt with the mark of a sports brand.", "A woman in a Nike jacket and jeans.")),
    bad=texts("John wears a coat and jeans.", "A man named Arvid in a coat.", "Mrs. Low wears a red dress."),
)

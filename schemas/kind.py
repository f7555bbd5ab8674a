"""What a kind of generation declares: how something is asked of a model, how rules would answer, how answers are read.

A kind is one file in generators/kinds/ with its prompts beside it. `parse` turns a raw answer into records or a
refusal and never raises; it runs again on stored answers, so a corrected parser asks for nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

TABLES = ("captions", "attributes", "statements")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What one request is about.

    `images` are raw image sha256s in order of display. `facts` and `other` are known values, by vocabulary key, of the
    first and the second image; `text` is a caption to work on. `colourless` pictures are infrared, thermal or sketches.
    """

    images: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    other: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    colourless: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered prompt with its public name, and the JSON schema of the answer as text where it is structured."""

    text: str
    name: str
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A text about the image: becomes a caption."""

    text: str


@dataclass(frozen=True, slots=True)
class AttributeValue:
    """A vocabulary value that the answer gives the image: becomes an attribute. `confidence` is in [0, 1]."""

    key: str
    value: str
    visible: bool
    confidence: float


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence with what it is for: a claim, a difference, or a question and its answer.

    `key` and `value` tie it to the vocabulary where it speaks of one value.
    """

    role: str
    text: str
    answer: str | None = None
    key: str | None = None
    value: str | None = None


Record = Text | AttributeValue | Statement


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an answer cannot be used: a reason code and a sentence."""

    reason: str
    detail: str


Parsed = tuple[Record, ...] | Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A raw answer for the kind's tests: what `parse` must make of it, as its number of records or its reason code."""

    raw: str
    gives: int | str
    style: str | None = None
    subject: Subject = Subject()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of generation.

    `images` is how many pictures a request shows and `table` where its records go. `facts` are what a rule-made backend
    is given instead of pictures, and `by_rule` is its answer to (facts, style, seed): None where too little is known.
    `sampling` goes to the model as it is.
    """

    title: str
    images: int
    table: str
    styles: tuple[str, ...]
    sampling: Mapping[str, Any]
    prompt: Callable[[Subject, str, int], Prompt]
    facts: Callable[[Subject], Mapping[str, str]]
    by_rule: Callable[[Mapping[str, str], str, int], str | None]
    parse: Callable[[str, Subject, str], Parsed]
    examples: tuple[Example, ...]

"""The answer grammar: one small language that questions write, gates check and the evaluator reads.

`Yes` · `Image 3` · `Option B` · `Images 2, 5` · `None` · `3 > 1 > 2` · `1, 3 | 2, 4` · a vocabulary value in words ·
one JSON object · free text. A reason or a next step may follow a yes/no, a set or a rank after `. `, and any answer may
come after its reasoning in `<think>…</think>`. Images are numbered from 1 in order of display.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

KINDS = ("yesno", "pick1", "set", "rank", "partition", "attr", "json", "caption", "question", "insufficient")
NONE = "None"

_YESNO = re.compile(r"(Yes|No)(?:\.(?: .+)?)?", re.DOTALL)
_IMAGE = re.compile(r"Image ([1-9]\d?)")
_OPTION = re.compile(r"Option ([A-Z])")
_SET = re.compile(r"(?:None|Images ([1-9]\d?(?:, [1-9]\d?)*))(?:\. .+)?", re.DOTALL)
_RANK = re.compile(r"([1-9]\d?(?: > [1-9]\d?)+)(?:\. .+)?", re.DOTALL)
_THOUGHT = re.compile(r"<think>\n.+?\n</think>\n\n", re.DOTALL)
_PARTITION = re.compile(r"[1-9]\d?(?:, [1-9]\d?)*(?: \| [1-9]\d?(?:, [1-9]\d?)*)*")
_MARKER = re.compile(r"\[\[image:([1-9]\d?)\]\]")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A canonical answer as values; exactly the field of its kind is set, the others stay None.

    The groups of a partition stand in `gold_json` as lists of image numbers.
    """

    kind: str
    gold_bool: bool | None = None
    gold_index: int | None = None
    gold_set: tuple[int, ...] | None = None
    gold_rank: tuple[int, ...] | None = None
    gold_json: str | None = None
    text: str | None = None


def marker(number: int) -> str:
    """The place of an image in a turn; never a trainer's token."""
    return f"[[image:{number}]]"


def markers(text: str) -> list[int]:
    """The image numbers a turn shows, in order."""
    return [int(number) for number in _MARKER.findall(text)]


def yesno(value: bool) -> str:
    """`Yes` or `No`."""
    return "Yes" if value else "No"


def image(number: int) -> str:
    """`Image 3`; number counts from 1."""
    return f"Image {number}"


def option(index: int) -> str:
    """`Option B` for index 1; index counts from 0."""
    return f"Option {chr(ord('A') + index)}"


def image_set(numbers: Sequence[int]) -> str:
    """`Images 2, 5` in ascending order, or `None` for an empty set."""
    return f"Images {', '.join(str(n) for n in sorted(numbers))}" if numbers else NONE


def rank(numbers: Sequence[int]) -> str:
    """`3 > 1 > 2`, best first."""
    return " > ".join(str(n) for n in numbers)


def partition(groups: Sequence[Sequence[int]]) -> str:
    """`1, 3 | 2, 4`: numbers ascending inside a group, groups by their first number."""
    ordered = sorted(sorted(group) for group in groups)
    return " | ".join(", ".join(str(number) for number in group) for group in ordered)


def groups_json(groups: Sequence[Sequence[int]]) -> str:
    """The gold of a partition: `[[1,3],[2,4]]`, in the order of its words."""
    return json.dumps(sorted(sorted(group) for group in groups), separators=(",", ":"))


def json_field(key: str, value: str | Sequence[str] | None) -> str:
    """One field of a record answer: `"backpack": "yes"`, or null; records join them by `, ` inside braces."""
    return f"{json.dumps(key)}: {json.dumps(value)}"


def parse(kind: str, text: str) -> Parsed | None:
    """The values of a canonical answer, or None when the text is not in the grammar of its kind."""
    answer = without_thought(text).strip()
    if not answer or kind not in KINDS:
        return None
    return _PARSERS.get(kind, _free_text)(kind, answer)


def thought(reasoning: str) -> str:
    """Reasoning as it stands before an answer: in `<think>…</think>`, then an empty line."""
    return f"<think>\n{reasoning}\n</think>\n\n"


def without_thought(text: str) -> str:
    """An answer without the reasoning before it."""
    return _THOUGHT.sub("", text, count=1) if text.startswith("<think>") else text


def _yesno(kind: str, text: str) -> Parsed | None:
    found = _YESNO.fullmatch(text)
    return Parsed(kind, gold_bool=found[1] == "Yes") if found else None


def _pick(kind: str, text: str) -> Parsed | None:
    if text == NONE:
        return Parsed(kind, gold_index=0)
    if found := _IMAGE.fullmatch(text):
        return Parsed(kind, gold_index=int(found[1]))
    if found := _OPTION.fullmatch(text):
        return Parsed(kind, gold_index=ord(found[1]) - ord("A") + 1)
    return None


def _set(kind: str, text: str) -> Parsed | None:
    found = _SET.fullmatch(text)
    if not found:
        return None
    numbers = tuple(int(n) for n in found[1].split(", ")) if found[1] else ()
    return Parsed(kind, gold_set=numbers) if list(numbers) == sorted(set(numbers)) else None


def _rank(kind: str, text: str) -> Parsed | None:
    found = _RANK.fullmatch(text)
    if not found:
        return None
    numbers = tuple(int(n) for n in found[1].split(" > "))
    return Parsed(kind, gold_rank=numbers) if len(set(numbers)) == len(numbers) else None


def _partition(kind: str, text: str) -> Parsed | None:
    if not _PARTITION.fullmatch(text):
        return None
    groups = [[int(n) for n in group.split(", ")] for group in text.split(" | ")]
    numbers = [number for group in groups for number in group]
    canonical = len(set(numbers)) == len(numbers) and partition(groups) == text
    return Parsed(kind, gold_json=groups_json(groups)) if canonical else None


def _json(kind: str, text: str) -> Parsed | None:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return Parsed(kind, gold_json=text) if isinstance(value, dict) else None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _question(kind: str, text: str) -> Parsed | None:
    return Parsed(kind, text=text) if text.endswith("?") and "\n" not in text else None


def _insufficient(kind: str, text: str) -> Parsed | None:
    return Parsed(kind, text=text) if text.startswith("Cannot tell") else None


def _free_text(kind: str, text: str) -> Parsed | None:
    return Parsed(kind, text=text) if not _MARKER.search(text) else None


_PARSERS = {
    "yesno": _yesno,
    "pick1": _pick,
    "set": _set,
    "rank": _rank,
    "partition": _partition,
    "json": _json,
    "question": _question,
    "insufficient": _insufficient,
}

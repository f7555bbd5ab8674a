"""Answers as rows: captions, attributes and statements, and a reject for everything that cannot be used.

Every refusal keeps the digest of the raw answer, which stays in the generation store under its key.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import NamedTuple

from generators.asking import Planned, kind_of
from generators.captions.attribute_read import read
from generators.captions.captioner import BODILY
from generators.captions.judging import Judged, blocking, gravest, judge
from generators.captions.normalise import normalise
from generators.merging import Outlier
from generators.raw_answers import plain
from generators.similarity import Pair
from schemas.filter import Said
from schemas.kind import AttributeValue, Record, Refusal, Statement, Text
from schemas.rows import Attribute, Caption, Reject
from tasks.describing.asking import Known, name_of
from tasks.describing.models import Model
from tasks.generations.client import Generation

Similarity = Mapping[str, float]
Look = Callable[[Sequence[Pair]], Similarity]
# A question may be short, and a question with its answer may name two values of one key.
_SHORT = ("too_short", "contradiction")


class StatementRow(NamedTuple):
    """One row of the table `statements`."""

    statement_id: str
    image_id: str
    other_image_id: str | None
    caption_id: str | None
    kind: str
    role: str
    place: int
    text: str
    answer: str | None
    key: str | None
    value: str | None
    statement_source: str
    style: str
    model: str
    generation_key: str


class ScoreRow(NamedTuple):
    """One row of the table `text_scores`."""

    caption_id: str
    measure: str
    score: float


@dataclass(slots=True)
class Rows:
    """What became of answers."""

    captions: list[Caption] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    statements: list[StatementRow] = field(default_factory=list)
    scores: list[ScoreRow] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def plus(self, other: "Rows") -> "Rows":
        """Both together."""
        return Rows(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


class Answered(NamedTuple):
    """One thing that was asked of one model, and what came back."""

    planned: Planned
    model: Model
    got: Generation


class Reader:
    """Turns the answers about one source into rows; captions are numbered after those that people wrote."""

    def __init__(self, known: Known, source: str) -> None:
        self._known = known
        self._source = source
        self._persons = known.images.people["person_key"].to_pylist()
        self._written = Counter(known.human["image_id"].to_pylist())
        self._own: Counter[int] = Counter()
        self._more: Counter[int] = Counter()
        self._said: set[tuple[int, str, str]] = set()
        self._told: dict[int, list[tuple[str, dict[str, str]]]] = {}
        self.refused: dict[tuple[str, str], Counter[str]] = {}
        """How many rejects there were of each reason, by model and kind."""

    def rows(self, answers: Sequence[Answered], look: Look | None = None) -> Rows:
        """The rows of some answers; `look` measures how near what models wrote is to its image, by caption."""
        made = Rows()
        self._learn(answers)
        parsed = [(each, self._records(each)) for each in answers]
        similar = look(list(self._pairs(parsed))) if look else {}
        for each, records in parsed:
            if isinstance(records, Refusal):
                made.rejects.append(self._reject(each, records))
                continue
            for place, record in enumerate(records):
                if isinstance(record, Text):
                    self._caption(made, each, record, similar)
                elif isinstance(record, AttributeValue):
                    made.attributes.append(self._attribute(each, record))
                else:
                    self._statement(made, each, record, place)
        return made

    def _pairs(self, parsed: Sequence[tuple[Answered, Sequence[Record] | Refusal]]) -> Iterator[Pair]:
        """What models wrote, beside its image; rules never look."""
        for each, records in parsed:
            if isinstance(records, Refusal) or each.model.by_rule:
                continue
            for record in records:
                if isinstance(record, Text):
                    sha256 = self._known.images.sha256[self._image(each)]
                    yield Pair(self._name(each), sha256, normalise(record.text).text)

    def _learn(self, answers: Sequence[Answered]) -> None:
        """How many captions an image's own model makes, and what each model's captions say of it."""
        several = len({each.model.full_name for each in answers}) > 1
        for each in answers:
            planned = each.planned
            if planned.kind != "caption":
                continue
            if each.model.first:
                self._own[planned.row] = max(self._own[planned.row], planned.number + 1)
            if several and each.got.answer.status == "ok":
                told = read(normalise(each.got.answer.text).text)
                self._told.setdefault(planned.row, []).append((each.model.full_name, told))

    def _records(self, each: Answered) -> Sequence[Record] | Refusal:
        answer = each.got.answer
        if answer.status != "ok":
            words = f"The backend {each.model.choice.backend!r} answered {answer.status!r}."
            return Refusal(f"generation_{answer.status}", answer.detail or words)
        parsed = kind_of(each.planned.kind).parse(answer.text, each.planned.subject, each.planned.style)
        if isinstance(parsed, Refusal) and "refusal" in judge(Said(answer.text)).faults:
            return Refusal("refusal", "The model declined to answer.")
        return parsed

    def _caption(self, made: Rows, each: Answered, record: Text, similar: Similarity) -> None:
        said = (each.planned.row, each.model.full_name, each.got.answer.text)
        if said in self._said:
            return
        self._said.add(said)
        name = self._name(each)
        text = normalise(record.text)
        judged = Judged(text.flags, text.valid, {})
        if not (each.model.by_rule and each.planned.kind == "caption"):
            judged = judge(self._looked_at(each, text.text, similar.get(name)))
        if not judged.valid:
            made.rejects.append(self._reject(each, unusable(judged.faults)))
            return
        made.captions.append(self._caption_row(each, name, text.text, judged))
        made.scores.extend(ScoreRow(name, measure, score) for measure, score in sorted(judged.scores.items()))

    def _looked_at(self, each: Answered, text: str, similarity: float | None) -> Said:
        row = each.planned.row
        return Said(
            text,
            facts=self._known.records.record(row),
            others=tuple(told for name, told in self._told.get(row, ()) if name != each.model.full_name),
            source=each.planned.subject.text or None,
            similarity=similarity,
            colourless=each.planned.subject.colourless,
            raw=plain(each.got.answer.text),
            bodily=each.planned.kind == "caption" and each.planned.style == BODILY,
        )

    def _caption_row(self, each: Answered, name: str, text: str, judged: Judged) -> Caption:
        image_id = self._image(each)
        return Caption(
            caption_id=name,
            image_id=image_id,
            person_key=self._persons[each.planned.row],
            caption_index=self._written[image_id] + self._number(each),
            text_raw=each.got.answer.text,
            text=text,
            caption_source=each.model.source,
            style=each.planned.style,
            model=each.model.full_name,
            generation_key=each.got.key,
            valid=judged.valid,
            flags=judged.faults,
        )

    def _number(self, each: Answered) -> int:
        """Captions of the recipe's own model keep their numbers; others are counted after them."""
        row = each.planned.row
        if each.model.first and each.planned.kind == "caption":
            return each.planned.number
        self._more[row] += 1
        return self._own[row] + self._more[row] - 1

    def _attribute(self, each: Answered, told: AttributeValue) -> Attribute:
        return Attribute(
            level="image",
            image_id=self._image(each),
            key=told.key,
            value=told.value,
            attribute_source=each.model.source,
            visible=told.visible,
            confidence=told.confidence,
        )

    def _statement(self, made: Rows, each: Answered, record: Statement, place: int) -> None:
        planned = each.planned
        faults = () if each.model.by_rule else statement_faults(record, planned.subject.colourless)
        if faults:
            made.rejects.append(self._reject(each, unusable(faults), f"/{place}"))
            return
        other = planned.other
        made.statements.append(
            StatementRow(
                statement_id=f"{self._name(each)}/{place}",
                image_id=self._image(each),
                other_image_id=None if other is None else self._known.records.image_ids[other],
                caption_id=planned.caption,
                kind=planned.kind,
                role=record.role,
                place=place,
                text=record.text,
                answer=record.answer,
                key=record.key,
                value=record.value,
                statement_source=each.model.source,
                style=planned.style,
                model=each.model.full_name,
                generation_key=each.got.key,
            )
        )

    def _image(self, each: Answered) -> str:
        return self._known.records.image_ids[each.planned.row]

    def _name(self, each: Answered) -> str:
        return name_of(each.planned, self._known, each.model)

    def _reject(self, each: Answered, refusal: Refusal, part: str = "") -> Reject:
        """What an unusable answer leaves behind: why, and the digest of what was answered."""
        text = each.got.answer.text
        self.refused.setdefault((each.model.full_name, each.planned.kind), Counter())[refusal.reason] += 1
        return Reject(
            table=kind_of(each.planned.kind).table,
            source=self._source,
            subject=f"{self._name(each)}{part}",
            reason=refusal.reason,
            detail=refusal.detail,
            payload_sha256=hashlib.sha256(text.encode()).hexdigest() if text else None,
        )


def unusable(faults: Sequence[str]) -> Refusal:
    """The refusal of a text with faults: the gravest is the reason."""
    return Refusal(gravest(faults), f"The text has these faults: {', '.join(faults)}.")


def statement_faults(record: Statement, colourless: bool) -> tuple[str, ...]:
    """The faults of a sentence and its answer that make it useless; both may be short."""
    text = f"{record.text} {record.answer or ''}".strip()
    allowed = (*_SHORT, *(("colour", "refusal") if record.role == "unknown" else ()))
    faults = judge(Said(text, colourless=colourless)).faults
    return tuple(fault for fault in faults if fault in blocking() and fault not in allowed)


def outlier_reject(outlier: Outlier, source: str) -> Reject:
    """What a view leaves behind that says otherwise than the other views of its outfit or person."""
    detail = f"The view tells {outlier.told!r}; most views of the same outfit or person tell {outlier.majority!r}."
    subject = f"{outlier.image_id}#{outlier.key}"
    return Reject(table="attributes", source=source, subject=subject, reason="cross_view_outlier", detail=detail)

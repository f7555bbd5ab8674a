"""Usable captions keep their bounds, hold no leftovers of templates, and name no colour of an infrared picture."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from schemas.gate import Gate, Staged, ToyStaged, Verdict
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids

_COLUMNS = ("caption_id", "image_id", "text", "caption_source", "valid")


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Look at every valid caption; the wording of people is only asked not to be empty."""
    captions = staged.table("captions", _COLUMNS)
    captions = captions.filter(captions.column("valid"))
    faults = {what: ids for what, ids in _faults(staged, captions, parameters) if ids}
    failing = sorted({name for ids in faults.values() for name in ids})
    words = "; ".join(f"{len(ids)} {what}" for what, ids in faults.items())
    return Verdict(
        passed=not failing,
        figure=float(len(failing)),
        summary=words or f"all {captions.num_rows} usable captions are clean",
        failing=first_ids(failing),
        remedy="Mark these captions invalid or mend the template or parser that wrote them.",
    )


def _faults(staged: Staged, captions: pa.Table, parameters: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    human = pc.equal(captions.column("caption_source"), "human")
    text = captions.column("text")
    empty = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(text)), 0)
    yield "are empty", _ids(captions, empty)
    own = pc.invert(human)
    words = pc.list_value_length(pc.utf8_split_whitespace(pc.utf8_trim_whitespace(text)))
    low, high = parameters["min_words"], parameters["max_words"]
    bounds = pc.or_(pc.less(words, low), pc.greater(words, high))
    yield f"have fewer than {low} or more than {high} words", _ids(captions, pc.and_(own, bounds))
    left = pc.match_substring_regex(text, parameters["leftovers"])
    yield "hold leftovers of a template", _ids(captions, pc.and_(own, left))
    colours = "|".join(re.escape(word) for word in parameters["colour_words"])
    coloured = pc.match_substring_regex(text, rf"\b(?:{colours})\b", ignore_case=True)
    dark = _infrared(staged, captions, parameters["infrared"])
    yield "name a colour of an infrared picture", _ids(captions, pc.and_(pc.and_(own, coloured), dark))


def _infrared(staged: Staged, captions: pa.Table, modalities: list[str]) -> pa.Array:
    people = staged.table("person_images", ["image_id", "modality"])
    places = pc.index_in(captions.column("image_id"), value_set=people.column("image_id").combine_chunks())
    modality = people.column("modality").combine_chunks().take(places.combine_chunks())
    return pc.is_in(modality, value_set=pa.array(modalities))


def _ids(captions: pa.Table, bad: pa.Array | pa.ChunkedArray) -> list[str]:
    found = captions.column("caption_id").filter(pc.fill_null(bad, False))
    return [str(name) for name in found.to_pylist()]


def _good() -> ToyStaged:
    return toy_staged(toy_rows())


def _bad() -> ToyStaged:
    rows = toy_rows()
    rows["captions"][2]["text"] = "A person in a {upper_color} top."
    return toy_staged(rows)


GATE = Gate(title="Caption quality", severity="error", check=check, good=_good, bad=_bad)

"""No training row shows a test identity, a test image, a copy of one, or anyone linked to one, across all sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.links import evidence_path, leaks, told
from schemas.gate import Gate, Staged, ToyStaged, Verdict
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids
from tasks.contracts.paths import cells

_TESTED = pa.array(["query", "gallery"])
_USED = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class _People:
    """Every stored image: its person, its split, and the digest of its bytes; in one order."""

    image: pa.Array
    person: pa.Array
    split: pa.Array
    sha256: pa.Array

    def of(self, images: pa.Array, column: pa.Array) -> pa.Array:
        """What a column says of some images."""
        return column.take(pc.index_in(images, value_set=self.image))


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Count the rows that show someone they may not show; `max_failing` may be tolerated.

    `accepted` are the overlaps that the recipe accepts ({train, test, reason}); what they excuse is counted and said.
    """
    people = _people(staged)
    rows, owners, images = _shown(staged)
    train = pc.equal(rows, "train")
    linked = _Linked.of(staged, people, parameters.get("accepted", ()))
    faults = {"use persons of another split": _foreign(people, rows, images)}
    for what, bad in _leaks(staged, people, images, linked):
        faults[f"of train show {what}"] = pc.and_(train, bad)
    found = {what: _names(owners, bad) for what, bad in faults.items()}
    failing = sorted({name for names in found.values() for name in names})
    words = "; ".join(f"{len(names)} rows {what}" for what, names in found.items() if names)
    shown = {str(key) for key in pc.unique(people.of(images, people.person).filter(train)).drop_null().to_pylist()}
    fine = f"no train row among {staged.table('conversations', ['sample_id']).num_rows} rows reaches a test identity"
    return Verdict(
        passed=len(failing) <= parameters["max_failing"],
        figure=float(len(failing)),
        summary="; ".join(filter(None, [words or fine, linked.evidence(shown), *linked.excused(shown)])),
        failing=first_ids(failing),
        remedy="Take these rows or their identities out of train: split by identity, after linking across sources. "
        "Who trains on them on purpose lists the overlap with a reason under `link: accept` of the recipe.",
    )


def _people(staged: Staged) -> _People:
    table = staged.table("person_images", ["image_id", "person_key", "split"])
    image = table.column("image_id").combine_chunks()
    stored = staged.table("images", ["image_id", "sha256"])
    places = pc.index_in(image, value_set=stored.column("image_id").combine_chunks())
    sha256 = stored.column("sha256").combine_chunks().take(places)
    return _People(image, table.column("person_key").combine_chunks(), table.column("split").combine_chunks(), sha256)


def _shown(staged: Staged) -> tuple[pa.Array, pa.Array, pa.Array]:
    """For every image shown or quoted by a caption: the split and id of its row, and the image."""
    table = staged.table("conversations", ["sample_id", "split", "images", "texts"])
    split, owner = table.column("split").combine_chunks(), table.column("sample_id").combine_chunks()
    pictures, quotes = cells(table, "images[].image_id"), cells(table, "texts[].text_id")
    captions = staged.table("captions", ["caption_id", "image_id"])
    places = pc.index_in(quotes.values, value_set=captions.column("caption_id").combine_chunks())
    described = captions.column("image_id").combine_chunks().take(places)
    rows = pa.concat_arrays([pictures.rows, quotes.rows])
    return split.take(rows), owner.take(rows), pa.concat_arrays([pictures.values, described])


def _foreign(people: _People, rows: pa.Array, images: pa.Array) -> pa.Array:
    """Where an image belongs to another split than its row; images of no split (distractors) belong to all."""
    own = people.split.take(pc.index_in(images, value_set=people.image))
    used = pc.is_in(own, value_set=pa.array(_USED))
    return pc.and_(used, pc.fill_null(pc.not_equal(own, rows), False))


def _leaks(staged: Staged, people: _People, images: pa.Array, linked: "_Linked") -> list[tuple[str, pa.Array]]:
    """Per kind of leak, a mask over the shown images that would leak if their row were a training row."""
    person, sha256 = people.of(images, people.person), people.of(images, people.sha256)
    held_out = linked.held_out
    copied = _known(sha256, people.sha256.filter(held_out))
    known = pc.is_in(person, value_set=linked.excusable)
    return [
        ("a picture of a protocol", pc.is_in(images, value_set=_tested_images(staged))),
        ("a byte-for-byte copy of a test picture", pc.and_(copied, pc.invert(known))),
        ("a person of a protocol or of the test split", _known(person, linked.persons)),
        ("a person linked to one of a protocol or of the test split", _known(person, linked.leaking)),
    ]


@dataclass(frozen=True, slots=True)
class _Linked:
    """Who is held out (a mask over the stored images, and the persons), who shares a cluster with one of them, and why
    that is accepted: (person, tested person, reason or None) each."""

    held_out: pa.Array
    persons: pa.Array
    rows: list[dict[str, Any]]
    mates: list[tuple[str, str, str | None]]

    @staticmethod
    def of(staged: Staged, people: _People, accepted: Sequence[Mapping[str, str]]) -> "_Linked":
        """The links of a version. Clusters follow from the pairs, and never are smaller than the table says."""
        in_protocol = pc.is_in(people.image, value_set=_tested_images(staged))
        held_out = pc.or_(pc.equal(people.split, "test"), in_protocol)
        persons = people.person.filter(held_out).drop_null().unique()
        rows = staged.table("identity_links").to_pylist()
        pairs = [
            pair for row in rows for pair in ((row["person_a"], row["person_b"]), (row["person_a"], row["cluster"]))
        ]
        return _Linked(held_out, persons, rows, list(leaks(pairs, persons.to_pylist(), accepted)))

    @property
    def leaking(self) -> pa.Array:
        """Persons linked to a held-out one without leave."""
        return pa.array(sorted({person for person, _, reason in self.mates if reason is None}), pa.string())

    @property
    def excusable(self) -> pa.Array:
        """Persons whose every held-out mate is accepted: copies of those mates' pictures are too."""
        fine = {person for person, _, reason in self.mates if reason is not None}
        return pa.array(sorted(fine - {person for person, _, reason in self.mates if reason is None}), pa.string())

    def evidence(self, shown: set[str]) -> str:
        """How the first of the shown persons who leak is linked to a tested one."""
        for person, tested, reason in self.mates:
            if reason is None and person in shown:
                return f"evidence: {told(evidence_path(self.rows, person, tested), person)}"
        return ""

    def excused(self, shown: set[str]) -> list[str]:
        """What the recipe accepts of the shown persons, one phrase per reason."""
        whom: dict[str, set[str]] = {}
        for person, _, reason in self.mates:
            if reason is not None and person in shown:
                whom.setdefault(reason, set()).add(person)
        return [
            f"accepted: {len(whom[why])} trained persons who are tested too, because: {why}" for why in sorted(whom)
        ]


def _known(values: pa.Array, among: pa.Array) -> pa.Array:
    return pc.and_(pc.is_valid(values), pc.is_in(values, value_set=among.drop_null()))


def _tested_images(staged: Staged) -> pa.Array:
    """Images that are a query or gallery member of any protocol, directly or through their caption."""
    table = staged.table("protocol_members", ["role", "member_ids"])
    members = cells(table, "member_ids[]")
    ids = members.values.filter(pc.is_in(table.column("role").combine_chunks().take(members.rows), value_set=_TESTED))
    captions = staged.table("captions", ["caption_id", "image_id"])
    places = pc.index_in(ids, value_set=captions.column("caption_id").combine_chunks())
    described = captions.column("image_id").combine_chunks().take(places)
    return pa.concat_arrays([ids, described]).drop_null().unique()


def _names(owners: pa.Array, bad: pa.Array) -> list[str]:
    names = owners.filter(pc.fill_null(bad, False)).to_numpy(zero_copy_only=False)
    return [str(name) for name in np.unique(names)] if len(names) else []


def _good() -> ToyStaged:
    return toy_staged(toy_rows())


def _bad() -> ToyStaged:
    rows = toy_rows()
    rows["identity_links"][0]["person_b"] = "toy:0007"
    return toy_staged(rows)


GATE = Gate(title="No test identity in training rows", severity="error", check=check, good=_good, bad=_bad)

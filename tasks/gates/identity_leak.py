"""No training row shows a test identity, a test image, a copy of one, or anyone linked to one, across all sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from generators.links import evidence_path, leaks, told
from schemas.gate import Gate, ToyStaged, Verdict
from tasks.checking.blocks import Block, Ints
from tasks.checking.counting import Failing, joined
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.pictures import (
    QUOTED_TEXT,
    SHOWN_IMAGE,
    Index,
    Pictures,
    column,
    keys_in,
    quoted,
    words_of,
)
from tasks.checking.toy import toy_rows, toy_staged
from tasks.contracts.paths import cells

Mask = npt.NDArray[np.bool_]


_TESTED = pa.array(["query", "gallery"])
_PROTOCOL = "of train show a picture of a protocol"
_USED = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class _People:
    """Every stored image: its person, its split, and the digest of its bytes; in one order."""

    image: pa.Array
    person: pa.Array
    split: pa.Array
    sha256: pa.Array


@dataclass(frozen=True, slots=True)
class _Seen:
    """How many rows a block has, which of them show whom they may not, and the persons that its train rows show."""

    rows: int
    faults: dict[str, Failing]
    shown: Ints


@dataclass(frozen=True)
class _Leaks:
    """Count the rows that show someone they may not show; `max_failing` may be tolerated.

    `accepted` are the overlaps that the recipe accepts ({train, test, reason}); what they excuse is counted and said.
    """

    staged: Memory
    parameters: Mapping[str, Any]

    def seen(self, block: Block) -> _Seen:
        row, image = self._shown(block)
        split = block.words("split")
        train = split.among(["train"])[row]
        person = Pictures.of(self.staged).people(image)
        own = np.append(self._own_split, -1)[person]
        bad = {"use persons of another split": (own >= 0) & (own != Index(pa.array(_USED)).of(split)[row])}
        for what, leaking in self._leaking.items():
            bad[f"of train show {what}"] = train & np.append(leaking, False)[person]
        bad[_PROTOCOL] |= train & self._strange(block)
        faults = {what: Failing.of(block, np.unique(row[mask]), by_name=True) for what, mask in bad.items()}
        shown = np.unique(np.append(words_of(self.staged, "person_images", "person_key").codes, -1)[person[train]])
        return _Seen(block.rows, faults, shown)

    def verdict(self, seen: Sequence[_Seen]) -> Verdict:
        whats = seen[0].faults if seen else ()
        found = {what: Failing.all([one.faults[what] for one in seen], by_name=True) for what in whats}
        failing = Failing.all(list(found.values()), by_name=True)
        words = "; ".join(f"{len(rows)} rows {what}" for what, rows in found.items() if len(rows))
        codes = np.unique(joined(one.shown for one in seen))
        keys = words_of(self.staged, "person_images", "person_key").values
        shown = {str(key) for key in keys.take(pa.array(codes[codes >= 0], pa.int64())).to_pylist()}
        fine = f"no train row among {sum(one.rows for one in seen)} rows reaches a test identity"
        said = [words or fine, self._linked.evidence(shown), *self._linked.excused(shown)]
        return Verdict(
            passed=len(failing) <= self.parameters["max_failing"],
            figure=float(len(failing)),
            summary="; ".join(filter(None, said)),
            failing=failing.first,
            remedy="Take these rows or their identities out of train: split by identity, after linking across sources. "
            "Who trains on them on purpose lists the overlap with a reason under `link: accept` of the recipe.",
        )

    def _shown(self, block: Block) -> tuple[Ints, Ints]:
        """For every image shown or quoted by a caption: the row, and the place of the image."""
        pictures = Pictures.of(self.staged).shown(block)
        described = np.append(self._described, -1)[quoted(self.staged, block)]
        rows = np.concatenate([block.rows_of(SHOWN_IMAGE), block.rows_of(QUOTED_TEXT)])
        return rows, np.concatenate([pictures, described])

    @cached_property
    def _described(self) -> Ints:
        """The place of the image of every caption."""
        return Pictures.of(self.staged).index.of(keys_in(self.staged, "captions", "image_id"))

    @cached_property
    def _people(self) -> _People:
        image, person, split = (column(self.staged, "person_images", n) for n in ("image_id", "person_key", "split"))
        stored, sha256 = (column(self.staged, "images", name) for name in ("image_id", "sha256"))
        return _People(image, person, split, sha256.take(pc.index_in(image, value_set=stored)))

    @cached_property
    def _own_split(self) -> Ints:
        """The split of each person image; -1 for no split (distractors), which belongs to all."""
        return Index(pa.array(_USED)).places(self._people.split)

    @cached_property
    def _linked(self) -> "_Linked":
        return _Linked.of(self.staged, self._people, self.parameters.get("accepted", ()))

    @cached_property
    def _leaking(self) -> dict[str, Mask]:
        """Per kind of leak, the person images that would leak if a training row showed them."""
        people, linked = self._people, self._linked
        copied = _known(people.sha256, people.sha256.filter(linked.held_out))
        known = pc.is_in(people.person, value_set=linked.excusable)
        found = {
            "a picture of a protocol": pc.is_in(people.image, value_set=_tested_images(self.staged)),
            "a byte-for-byte copy of a test picture": pc.and_(copied, pc.invert(known)),
            "a person of a protocol or of the test split": _known(people.person, linked.persons),
            "a person linked to one of a protocol or of the test split": _known(people.person, linked.leaking),
        }
        return {what: _mask(bad) for what, bad in found.items()}

    @cached_property
    def _beyond(self) -> pa.Array:
        """Images of a protocol that are no person image."""
        tested = _tested_images(self.staged)
        return tested.filter(pc.invert(pc.is_in(tested, value_set=self._people.image)))

    def _strange(self, block: Block) -> Mask:
        """Which images, shown or quoted, are of a protocol although no person image describes them."""
        n = len(block.rows_of(SHOWN_IMAGE)) + len(block.rows_of(QUOTED_TEXT))
        if not len(self._beyond):
            return np.zeros(n, dtype=bool)
        ids = column(self.staged, "captions", "image_id")
        described = pc.is_in(ids, value_set=self._beyond)
        shown = block.words(SHOWN_IMAGE).among(self._beyond.to_pylist())
        return np.concatenate([shown, np.append(_mask(described), False)[quoted(self.staged, block)]])


def _mask(found: pa.Array) -> Mask:
    return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False), dtype=bool)


@dataclass(frozen=True, slots=True)
class _Linked:
    """Who is held out (a mask over the stored images, and the persons), who shares a cluster with one of them, and why
    that is accepted: (person, tested person, reason or None) each."""

    held_out: pa.Array
    persons: pa.Array
    rows: list[dict[str, Any]]
    mates: list[tuple[str, str, str | None]]

    @staticmethod
    def of(staged: Memory, people: _People, accepted: Sequence[Mapping[str, str]]) -> "_Linked":
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


def _tested_images(staged: Memory) -> pa.Array:
    """Images that are a query or gallery member of any protocol, directly or through their caption."""
    table = staged.table("protocol_members", ["role", "member_ids"])
    members = cells(table, "member_ids[]")
    ids = members.values.filter(pc.is_in(table.column("role").combine_chunks().take(members.rows), value_set=_TESTED))
    captions = staged.table("captions", ["caption_id", "image_id"])
    places = pc.index_in(ids, value_set=captions.column("caption_id").combine_chunks())
    described = captions.column("image_id").combine_chunks().take(places)
    return pa.concat_arrays([ids, described]).drop_null().unique()


def _good() -> ToyStaged:
    return toy_staged(toy_rows())


def _bad() -> ToyStaged:
    rows = toy_rows()
    rows["identity_links"][0]["person_b"] = "toy:0007"
    return toy_staged(rows)


GATE = Gate(title="No test identity in training rows", severity="error", check=OverBlocks(_Leaks), good=_good, bad=_bad)

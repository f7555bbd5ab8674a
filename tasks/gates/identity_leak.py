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
from tasks.checking.blocks import Block, Ints, Keys
from tasks.checking.counting import Failing, joined
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.pictures import (
    QUOTED_TEXT,
    SHOWN_IMAGE,
    Index,
    Pictures,
    Places,
    captions_of,
    column,
    keys_in,
    keys_of,
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
    """Every stored image: its person, its split, and the digest of its bytes; in one order, ids as hashes."""

    image: Keys
    person: pa.Array
    split: pa.Array
    sha256: Keys


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
        person, split = (column(self.staged, "person_images", name) for name in ("person_key", "split"))
        image, sha256 = (keys_in(self.staged, *one) for one in (("person_images", "image_id"), ("images", "sha256")))
        stored = Places.among(keys_in(self.staged, "images", "image_id")).of(image)
        return _People(image, person, split, np.append(sha256, np.uint64(0))[stored])

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
        copied = (people.sha256 != 0) & np.isin(people.sha256, people.sha256[linked.held_out])
        return {
            "a picture of a protocol": np.isin(people.image, _tested_images(self.staged)),
            "a byte-for-byte copy of a test picture": copied & ~_known(people.person, linked.excusable),
            "a person of a protocol or of the test split": _known(people.person, linked.persons),
            "a person linked to one of a protocol or of the test split": _known(people.person, linked.leaking),
        }

    @cached_property
    def _beyond(self) -> Keys:
        """Images of a protocol that are no person image."""
        return np.setdiff1d(_tested_images(self.staged), self._people.image)

    def _strange(self, block: Block) -> Mask:
        """Which images, shown or quoted, are of a protocol although no person image describes them."""
        n = len(block.rows_of(SHOWN_IMAGE)) + len(block.rows_of(QUOTED_TEXT))
        if not len(self._beyond):
            return np.zeros(n, dtype=bool)
        shown = block.found(SHOWN_IMAGE, lambda keys: np.isin(keys, self._beyond))
        return np.concatenate([shown, self._described_beyond[quoted(self.staged, block)]])

    @cached_property
    def _described_beyond(self) -> Mask:
        """Which captions describe an image of a protocol that is no person image; the last is for no caption."""
        return np.append(np.isin(keys_in(self.staged, "captions", "image_id"), self._beyond), False)


@dataclass(frozen=True, slots=True)
class _Linked:
    """Who is held out (a mask over the stored images, and the persons), who shares a cluster with one of them, and why
    that is accepted: (person, tested person, reason or None) each."""

    held_out: Mask
    persons: pa.Array
    rows: list[dict[str, Any]]
    mates: list[tuple[str, str, str | None]]

    @staticmethod
    def of(staged: Memory, people: _People, accepted: Sequence[Mapping[str, str]]) -> "_Linked":
        """The links of a version. Clusters follow from the pairs, and never are smaller than the table says."""
        tested = _known(people.split, pa.array(["test"]))
        held_out = tested | np.isin(people.image, _tested_images(staged))
        persons = people.person.filter(pa.array(held_out)).drop_null().unique()
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


def _known(values: pa.Array, among: pa.Array) -> Mask:
    """Which values are there and among others."""
    return np.asarray(pc.is_in(values, value_set=among.drop_null()), dtype=bool)


def _tested_images(staged: Memory) -> Keys:
    """Images that are a query or gallery member of any protocol, directly or through their caption, by their hashes."""
    found: Keys = staged.once("tested images", lambda: _tested(staged))
    return found


def _tested(staged: Memory) -> Keys:
    table = staged.staged.table("protocol_members", ["role", "member_ids"])
    members = cells(table, "member_ids[]")
    ids = members.values.filter(pc.is_in(table.column("role").combine_chunks().take(members.rows), value_set=_TESTED))
    keys = keys_of(ids)
    described = np.append(keys_in(staged, "captions", "image_id"), np.uint64(0))[captions_of(staged).of(keys)]
    found = np.union1d(keys, described)
    return np.asarray(found[found != 0], dtype=np.uint64)


def _good() -> ToyStaged:
    return toy_staged(toy_rows())


def _bad() -> ToyStaged:
    rows = toy_rows()
    rows["identity_links"][0]["person_b"] = "toy:0007"
    return toy_staged(rows)


GATE = Gate(title="No test identity in training rows", severity="error", check=OverBlocks(_Leaks), good=_good, bad=_bad)

"""Members that a family of protocols shares: searches by text, galleries drawn anew in every trial, fixed lists.

    yield from search_by_text(person_images, captions)
    yield from drawn_galleries(visible, trials=10)            # one image of every person and camera, seeded by trial

Draws walk persons and cameras in ascending order and files in name order, as the published evaluation code does.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from generators.regdb_trials import trials_of
from schemas.protocol import EVERY_TRIAL, Member
from tasks.scoring.membership import SeededChoice, choose, gallery_images, image_members, query_captions

Group = tuple[int, str]
"""A person's number and a camera."""


def search_by_text(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    """Every human caption of a test image asks; all test images are ranked."""
    test = choose(person_images, role_flag="normal", split="test")
    yield from query_captions(captions, test.column("image_id").to_pylist())
    yield from gallery_images(person_images, split="test")


def by_person_and_camera(images: pa.Table) -> dict[Group, list[str]]:
    """Image ids in name order by (number of the person, camera key), groups in ascending order."""
    groups: dict[Group, list[str]] = {}
    for row in images.select(["pid_raw", "cam_key", "image_id"]).to_pylist():
        groups.setdefault((int(row["pid_raw"]), row["cam_key"] or ""), []).append(row["image_id"])
    return {group: sorted(groups[group]) for group in sorted(groups)}


def drawn(images: pa.Table, trials: int, take: int = 1) -> Iterator[tuple[int, list[str]]]:
    """Per trial, `take` images of every person and camera; Python's generator is seeded with the trial's number."""
    groups = by_person_and_camera(images)
    for trial in range(trials):
        draw = SeededChoice(trial)
        yield trial, [name for names in groups.values() for name in _take(draw, names, take)]


def _take(draw: SeededChoice, names: Sequence[str], take: int) -> list[str]:
    return [draw.choice(names)] if take == 1 else draw.sample(names, take)


def drawn_members(role: str, images: pa.Table, trials: int, take: int = 1) -> Iterator[Member]:
    """Members of every trial: `take` images of every person and camera."""
    for trial, names in drawn(images, trials, take):
        yield from image_members(role, names, trial)


def permuted_members(images: pa.Table, permutations: Mapping[str, Any], trials: int, take: int) -> Iterator[Member]:
    """Galleries by fixed permutations: `permutations["<camera key>/<pid>"][trial]` lists 1-based places in name order.

    A person and camera that the permutations do not cover, or whose places lie outside its images, has no members.
    """
    groups = by_person_and_camera(images)
    for trial in range(trials):
        names = [name for group, found in groups.items() for name in _placed(found, permutations, group, trial, take)]
        yield from image_members("gallery", names, trial)


def _placed(names: Sequence[str], permutations: Mapping[str, Any], group: Group, trial: int, take: int) -> list[str]:
    number, camera = group
    rows = permutations.get(f"{camera}/{number:04d}", [])
    places = rows[trial][:take] if trial < len(rows) else []
    return [names[place - 1] for place in places if 0 < place <= len(names)]


def one_image_per_person(images: pa.Table, trials: int, seed: int) -> Iterator[Member]:
    """Galleries of one image of every person, all trials drawn from one seeded stream."""
    groups: dict[int, list[str]] = {}
    for row in images.select(["pid_raw", "image_id"]).to_pylist():
        groups.setdefault(int(row["pid_raw"]), []).append(row["image_id"])
    draw = SeededChoice(seed)
    for trial in range(trials):
        yield from image_members("gallery", [draw.choice(sorted(groups[pid])) for pid in sorted(groups)], trial)


def combinations(role: str, groups: Sequence[Sequence[str]], trial: int = EVERY_TRIAL) -> Iterator[Member]:
    """Members that are several things each, in the order given."""
    for position, ids in enumerate(groups):
        yield Member(trial, role, position, "combo", tuple(ids))


def regdb_members(person_images: pa.Table, asking: str, trials: Sequence[int]) -> Iterator[Member]:
    """Images of one modality ask, those of the other are ranked; `trials` number the dataset's lists from 1.

    Which persons a trial tests is read from `variant` (generators.regdb_trials). One trial alone is every trial.
    """
    ranked = "thermal" if asking == "rgb" else "rgb"
    known = choose(person_images, modality=(asking, ranked)).select(["image_id", "modality", "variant", "person_key"])
    rows = [row for row in known.to_pylist() if row["person_key"] is not None]
    halves = {variant: trials_of(variant) for variant in {row["variant"] for row in rows}}
    for number, trial in enumerate(trials):
        tested = [row for row in rows if halves[row["variant"]].get(trial) == "test"]
        for role, modality in (("query", asking), ("gallery", ranked)):
            names = sorted(row["image_id"] for row in tested if row["modality"] == modality)
            yield from image_members(role, names, number if len(trials) > 1 else EVERY_TRIAL)


def listed_queries(person_images: pa.Table, groups: Sequence[Sequence[str]], captions_of: str) -> Iterator[Member]:
    """Queries by a dataset's own list of groups of ids; ids that start with `captions_of` are captions.

    A group that names an image the source does not have is no query. A group of one is an image or a caption.
    """
    known = set(person_images.column("image_id").to_pylist())
    whole = [tuple(ids) for ids in groups if all(name in known or name.startswith(captions_of) for name in ids)]
    for position, ids in enumerate(whole):
        kind = "caption" if ids[0].startswith(captions_of) else "image"
        yield Member(EVERY_TRIAL, "query", position, kind if len(ids) == 1 else "combo", ids)


def classic_trials(person_images: pa.Table, variant: str, sets: Sequence[Sequence[Sequence[int]]]) -> Iterator[Member]:
    """Trials in which the images of some persons ask and are ranked: CUHK03's lists of (camera pair, person).

    What the new protocol says of an image (trained on, excluded) does not matter here.
    """
    images = choose(person_images, variant=variant).select(["image_id", "pid_raw"])
    by_person: dict[tuple[int, ...], list[str]] = {}
    for row in images.to_pylist():
        by_person.setdefault(tuple(int(part) for part in row["pid_raw"].split("_")), []).append(row["image_id"])
    for trial, persons in enumerate(sets):
        names = sorted(name for person in persons for name in by_person.get(tuple(person), []))
        for role in ("query", "gallery"):
            yield from image_members(role, names, trial)


def orbench_gallery(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    """The visible-light test images of ORBench."""
    return gallery_images(person_images, split="test", source_split="gallery")


def orbench_members(person_images: pa.Table, groups: Sequence[Sequence[str]]) -> Iterator[Member]:
    """The queries of one of ORBench's lists, and its gallery."""
    yield from listed_queries(person_images, groups, captions_of="orbench/test_gallery_and_queries.json#")
    yield from gallery_images(person_images, split="test", source_split="gallery")

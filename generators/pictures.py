"""Pictures of people whom nobody numbered: attribute datasets and caption sources without person ids.

Such a picture gets a person key of its own, `pa100k:000017`, in the scope `image`: it names whoever the picture
shows. With it a near-duplicate of somebody's test picture can be linked and withheld; it is no promise that two
pictures of this scope show two persons, so nobody may be asked to tell them apart. Where the authors give several
random partitions, the first one is the split and `variant` keeps them all: `partitions:train/test/val/train/train`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generators.label_flags import indices_of
from schemas.errors import BadTable
from schemas.rows import PersonImage, Reject

SCOPE = "image"
_MARK = "partitions:"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the label file puts a picture: its list, its split, and the variant column."""

    source_split: str
    split: str
    variant: str | None = None


TORN = Place("contradiction", "none")


def places_of(lists: Mapping[str, Sequence[str]], source: str, where: str) -> tuple[dict[str, Place], list[Reject]]:
    """The place of each picture by the split lists; a picture of two lists is used in none and refused by name."""
    places: dict[str, Place] = {}
    faults = []
    for split, names in lists.items():
        for name in names:
            if (first := places.setdefault(name, Place(split, split))) != Place(split, split):
                places[name] = TORN
                detail = f"The image {name!r} stands in the lists {first.source_split} and {split}; it is used in none."
                faults.append(refusal("person_images", source, f"{where}#{name}", "contradiction", detail))
    return places, faults


def pictures(
    source: str, files: Iterable[tuple[str, str]], places: Mapping[str, Place], **more: Any
) -> Iterator[PersonImage | Reject]:
    """A row per picture file, given as (relative path, name in the label file), and a refusal per listed picture
    without a file. Pictures of no list stay, excluded; so do further copies of one name."""
    seen: set[str] = set()
    for relpath, name in files:
        yield lone_picture(source, relpath, name, places.get(name), copy=name in seen, **more)
        seen.add(name)
    for name in sorted(set(places) - seen):
        detail = "The label file lists this image, but there is no such file."
        yield refusal("person_images", source, f"{source}/{name}", "missing_file", detail)


def lone_picture(
    source: str, relpath: str, name: str, place: Place | None, copy: bool = False, **more: Any
) -> PersonImage:
    """The row of one picture; without a place nobody labelled it."""
    usable = place is not None and place.split != "none" and not copy
    return PersonImage(
        image_id=f"{source}/{relpath}",
        source=source,
        relpath=relpath,
        source_split=place.source_split if place else "unlisted",
        split=place.split if place and usable else "none",
        role_flag="normal" if usable else "duplicate" if copy else "excluded",
        pid_raw=name.rpartition(".")[0] or name,
        pid_scope=SCOPE,
        person_key=f"{source}:{name.rpartition('.')[0] or name}",
        variant=place.variant if place else None,
        parse_warnings=() if place else ("no_labels",),
        **more,
    )


def partitioned(value: Any, roles: Sequence[str], count: int, before: str = "") -> list[Place]:
    """The place of each of `count` pictures by the authors' partitions: a cell of structs of 1-based row numbers.

    `roles` names a struct's fields in order, or by name where they have these. `before` goes in front of the
    variant. Raises BadTable when they are no such partitions or one gives a picture twice.
    """
    cells = value if isinstance(value, list) else [value]
    columns = [_roles_of(cell, roles, count, number) for number, cell in enumerate(cells, start=1)]
    return [_place(words, before) for words in zip(*columns, strict=True)]


def _roles_of(cell: Any, roles: Sequence[str], count: int, number: int) -> list[str]:
    """The role of every picture in one partition; `none` for those it leaves out."""
    parts = list(cell.values()) if isinstance(cell, dict) else cell if isinstance(cell, list) else []
    if isinstance(cell, dict) and all(role in cell for role in roles):
        parts = [cell[role] for role in roles]
    if len(parts) < len(roles):
        raise BadTable(f"its partition {number} does not hold the lists {', '.join(roles)}")
    found = ["none"] * count
    for role, part in zip(roles, parts, strict=False):
        for row in indices_of(part, count, f"{role} of partition {number}"):
            if found[row] not in ("none", role):
                raise BadTable(f"its partition {number} puts row {row + 1} in both {found[row]} and {role}")
            found[row] = role
    return found


def _place(words: Sequence[str], before: str) -> Place:
    plain = [word.removesuffix("_index") for word in words]
    split = "train" if plain[0] == "trainval" else plain[0]
    return Place(words[0], split, f"{before}{_MARK}{'/'.join(plain)}")


def refusal(table: str, source: str, subject: str, reason: str, detail: str) -> Reject:
    """A refused row of a source."""
    return Reject(table=table, source=source, subject=subject, reason=reason, detail=detail)

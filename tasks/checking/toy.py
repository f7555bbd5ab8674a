"""A small made-up version that keeps every promise: what gate examples and tests damage on purpose.

    rows = toy_rows()
    rows["conversations"][0]["answer"]["text"] = "Maybe"
    staged = toy_staged(rows)

Half of the persons are train, half test; each has four pictures, two per camera. Every table is a list of plain rows.
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import simplejpeg

from schemas.answers import image as image_answer
from schemas.answers import marker, yesno
from schemas.gate import ToyStaged
from schemas.keys import mix, pick, seed_of
from schemas.tables import TABLES
from tasks.versions.writer import canonical, from_rows, write

Row = dict[str, Any]
Rows = dict[str, list[Row]]
_SHOTS = ((1, 100), (1, 160), (2, 110), (2, 170))
_COLOURS = ("red", "blue", "green", "black")
_SOURCE = "toy"


def toy_staged(rows: Rows) -> ToyStaged:
    """The rows as a staged version in memory, each table in its canonical form."""
    return ToyStaged({name: canonical(TABLES[name], from_rows(TABLES[name], listed)) for name, listed in rows.items()})


def write_toy(folder: Path, rows: Rows) -> None:
    """Write the rows below `folder`/data as a staged version: one file per table, one per stage, split and family."""
    for name, table in toy_staged(rows).tables.items():
        if name == "conversations":
            _write_conversations(folder, table)
        else:
            _write_file(folder / "data" / name / "toy-0000.parquet", name, table)


def _write_conversations(folder: Path, table: pa.Table) -> None:
    cells = {
        (row["stage"], row["split"], row["family"]) for row in table.select(["stage", "split", "family"]).to_pylist()
    }
    for stage, split, family in sorted(cells):
        mine = pc.and_(pc.equal(table["family"], family), pc.equal(table["split"], split))
        path = folder / "data" / f"stage{stage}" / f"{split}-{family}.parquet"
        _write_file(path, "conversations", table.filter(pc.and_(mine, pc.equal(table["stage"], stage))))


def _write_file(path: Path, name: str, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write(TABLES[name], table, path)


def toy_rows(persons: int = 8) -> Rows:
    """Every table of a version about some persons (an even number, at least 4), plus two distractors."""
    people = [_person(number, persons) for number in range(persons)]
    shots = [_shot(person, number) for person in people for number in range(len(_SHOTS))]
    shots += [_distractor("train"), _distractor("test")]
    return {
        "images": [_image(shot, number) for number, shot in enumerate(shots)],
        "person_images": shots,
        "captions": [_caption(shot, person) for person in people for shot in _shots_of(shots, person)],
        "attributes": [_attribute(person) for person in people],
        "statements": [_statement(shots[0])],
        "text_scores": [{"caption_id": f"{shots[0]['image_id']}#0", "measure": "disagrees", "score": 0.0}],
        "identity_links": [_link(people)],
        "neighbours": [_neighbour(shots[0], shots[4])],
        "conversations": _conversations(people, shots),
        "protocols": [_protocol(persons)],
        "protocol_members": _members(people, shots),
        "rejects": [_reject()],
    }


def _person(number: int, persons: int) -> Row:
    key = f"{_SOURCE}:{number:04d}"
    split = "train" if number < persons // 2 else "test"
    return {"key": key, "number": number, "split": split, "colour": pick(_COLOURS, "colour", key)}


def _shot(person: Row, number: int) -> Row:
    camera, frame = _SHOTS[number]
    relpath = f"{person['split']}/{person['number']:04d}_c{camera}_{frame:06d}.jpg"
    return _person_image(relpath, person["split"], camera) | {
        "person_key": person["key"],
        "pid_raw": f"{person['number']:04d}",
        "clothes_key": f"{person['key']}/1",
        "frame": frame,
        "label_train": person["number"] if person["split"] == "train" else None,
    }


def _distractor(folder: str) -> Row:
    return _person_image(f"{folder}/0000_c2_000900.jpg", "none", 2) | {"pid_raw": "0000", "role_flag": "distractor"}


def _person_image(relpath: str, split: str, camera: int) -> Row:
    return {
        "image_id": f"{_SOURCE}/{relpath}",
        "source": _SOURCE,
        "relpath": relpath,
        "source_split": relpath.split("/")[0],
        "split": split,
        "role_flag": "normal",
        "cam_raw": f"c{camera}",
        "cam_key": f"{_SOURCE}:c{camera}",
        "modality": "rgb",
        "license_id": "toy-licence",
        "access_status": "synthetic",
        "release_allowed": True,
        "parse_warnings": [],
        "reader_version": "1",
    }


def _image(shot: Row, number: int) -> Row:
    noise = mix(seed_of("toy pixels", number), np.arange(16 * 8 * 3, dtype=np.uint64))
    pixels = (noise % np.uint64(256)).astype(np.uint8).reshape(16, 8, 3)
    encoded = simplejpeg.encode_jpeg(pixels, quality=95)
    return {
        "image_id": shot["image_id"],
        "source": _SOURCE,
        "image": {"bytes": encoded, "path": shot["relpath"].split("/")[-1]},
        "sha256": hashlib.sha256(encoded).hexdigest(),
        "n_bytes": len(encoded),
        "width": 8,
        "height": 16,
        "format": "jpeg",
        "phash": number,
    }


def _shots_of(shots: list[Row], person: Row) -> list[Row]:
    return shots[person["number"] * len(_SHOTS) : (person["number"] + 1) * len(_SHOTS)]


def _caption(shot: Row, person: Row) -> Row:
    text = f"Person {chr(ord('a') + person['number'] % 26)} wears a {person['colour']} top."
    return {
        "caption_id": f"{shot['image_id']}#0",
        "image_id": shot["image_id"],
        "person_key": shot["person_key"],
        "caption_index": 0,
        "text_raw": text,
        "text": text,
        "n_words": len(text.split()),
        "caption_source": "grammar",
        "language": "en",
        "valid": True,
        "flags": [],
    }


def _statement(shot: Row) -> Row:
    return {
        "statement_id": f"{shot['image_id']}#claims0/0",
        "image_id": shot["image_id"],
        "caption_id": f"{shot['image_id']}#0",
        "kind": "claims",
        "role": "claim",
        "place": 0,
        "text": "The person wears a top.",
        "key": "upper_type",
        "value": "other",
        "statement_source": "rule",
        "style": "keyed",
        "model": "grammar@1",
        "generation_key": "0" * 64,
    }


def _attribute(person: Row) -> Row:
    return {
        "attribute_id": f"{person['key']}#colour",
        "level": "person",
        "person_key": person["key"],
        "key": "upper_color_primary",
        "value": person["colour"],
        "attribute_source": "human",
    }


def _link(people: list[Row]) -> Row:
    first, second = people[0]["key"], people[1]["key"]
    evidence = {"evidence_a": first, "evidence_b": second}
    return {"person_a": first, "person_b": second, "reason": "declared", "cluster": first} | evidence


def _neighbour(anchor: Row, candidate: Row) -> Row:
    ids = {"anchor_id": anchor["image_id"], "candidate_id": candidate["image_id"]}
    return ids | {"rank": 1, "distance": 0.25, "same_camera": True, "miner": "toy@1"}


def _conversations(people: list[Row], shots: list[Row]) -> list[Row]:
    rows: list[Row] = []
    for person in people:
        group = [other for other in people if other["split"] == person["split"]]
        other = group[(group.index(person) + 1) % len(group)]
        mine, theirs = _shots_of(shots, person), _shots_of(shots, other)
        rows += [
            *_pairs(person, mine, theirs),
            _colour(person, mine[0]),
            *_wears(person, mine),
            _pick(person, mine, [_shots_of(shots, one) for one in group if one is not person]),
        ]
    return rows


def _pairs(person: Row, mine: list[Row], theirs: list[Row]) -> list[Row]:
    """One pair of each answer; both across cameras for one half of the persons, both within one for the other."""
    partner = pick((1, 2), "partner", person["key"])
    words = f"Image 1 {marker(1)} and Image 2 {marker(2)}: one person?"
    return [
        toy_row(f"same-{person['key']}-{yesno(same)}", "SAME_YN", shown, words, yesno(same), gold_bool=same)
        for same, shown in ((True, [mine[0], mine[partner]]), (False, [mine[0], theirs[partner]]))
    ]


def _wears(person: Row, mine: list[Row]) -> list[Row]:
    """Whether a colour is worn: once asked of the worn one, once of another."""
    wrong = pick([c for c in _COLOURS if c != person["colour"]], "wrong", person["key"])
    return [
        toy_row(
            f"wears-{person['key']}-{yesno(true)}",
            "ATTR_YN",
            [mine[1]],
            f"Image 1 {marker(1)}: is the top {colour}?",
            yesno(true),
            gold_bool=true,
        )
        for true, colour in ((True, person["colour"]), (False, wrong))
    ]


def _colour(person: Row, shot: Row) -> Row:
    words = f"Image 1 {marker(1)}: what colour is the top?"
    return toy_row(f"colour-{person['key']}", "ATTR_QA", [shot], words, person["colour"], kind="attr")


def _pick(person: Row, mine: list[Row], others: list[list[Row]]) -> Row:
    """The match among four candidates of the other camera, or none of them for about one person in six."""
    gold = pick((0, 2, 3, 4, 5, 2, 3, 4, 5, 2, 3, 4, 5, 2, 3, 4, 5), "gold", person["key"])
    first = pick(range(len(others)), "stranger", person["key"])
    people = [mine if place == gold else others[(first + place) % len(others)] for place in range(2, 6)]
    candidates = [shots[pick((2, 3), "shot", person["key"], place)] for place, shots in enumerate(people)]
    shown = " ".join(f"Image {number} {marker(number)}" for number in range(1, 6))
    answer = image_answer(gold) if gold else "None"
    words = f"{shown} Which of Images 2 to 5 shows the person of Image 1?"
    return toy_row(
        f"pick-{person['key']}",
        "I2I_PICK1",
        [mine[0], *candidates],
        words,
        answer,
        kind="pick1",
        gold_index=gold,
        n_options=4,
    )


def toy_row(name: str, family: str, shown: list[Row], words: str, answer: str, kind: str = "yesno", **gold: Any) -> Row:
    """One conversation about some pictures; `gold` fills the gold columns of the answer."""
    return {
        "sample_id": name,
        "stage": 1 if family.startswith(("ATTR", "CAP")) else 2,
        "family": family,
        "subtask": "upper_color_primary" if family.startswith("ATTR") else "any",
        "split": shown[0]["split"],
        "images": [_reference(shot, number) for number, shot in enumerate(shown)],
        "texts": [],
        "turns": [{"role": "user", "text": words}, {"role": "assistant", "text": answer}],
        "answer": {"kind": kind, "text": answer} | gold,
        "negatives": [],
        "template": {"id": family.lower(), "version": 1, "paraphrase_no": 0, "seed": 1},
        "quality": {"n_words": len(answer.split()), "flags": []},
        "pixel_budget": {"min_pixels": 50_176, "max_pixels": 100_352},
        "licence": ["toy-licence"],
        "leak_block": [],
    }


def _reference(shot: Row, number: int) -> Row:
    names = ("image_id", "source", "person_key", "cam_key", "clothes_key", "modality", "frame")
    role = "query" if number == 0 else "candidate"
    return {name: shot.get(name) for name in names} | {"role": role, "width": 8, "height": 16}


def _protocol(persons: int) -> Row:
    tested = persons // 2
    return {
        "protocol_id": "toy",
        "protocol": "toy",
        "source": _SOURCE,
        "title": "Toy, single query",
        "setting": "image_to_image",
        "junk_rule": "pid_cam",
        "cmc_variant": "plain",
        "ap_variant": "step",
        "tie_policy": "gallery_order",
        "n_trials": 1,
        "n_query": tested,
        "n_gallery": tested * 2 + 1,
        "expected_query": tested,
        "expected_gallery": tested * 2 + 1,
    }


def _members(people: list[Row], shots: list[Row]) -> list[Row]:
    tested = [_shots_of(shots, person) for person in people if person["split"] == "test"]
    gallery = [shot for mine in tested for shot in mine[2:]] + [shots[-1]]
    roles = {"query": [mine[0] for mine in tested], "gallery": gallery}
    return [
        {"protocol_id": "toy", "trial": 0, "role": role, "position": place, "member_kind": "image"}
        | {"member_ids": [shot["image_id"]]}
        for role, listed in roles.items()
        for place, shot in enumerate(listed)
    ]


def _reject() -> Row:
    words = {"reason": "truncated_image", "detail": "The picture ends before its last line."}
    return {"reject_id": "r1", "table": "images", "source": _SOURCE, "subject": "toy/train/broken.jpg"} | words

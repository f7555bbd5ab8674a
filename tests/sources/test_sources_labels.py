"""Label files: Market's attributes, CUHK-PEDES' JSON, and the labels that users bring."""

import io
import json
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.market_labels import read_market_attributes
from generators.mat_file import read_variable
from generators.own_labels import Known, find_own, read_own
from generators.raw_names import plain_text
from generators.raw_tree import FolderTree
from generators.sources import cuhk_pedes
from schemas.errors import BadRawData, BadTable
from schemas.rows import Attribute, Caption, PersonImage, Reject
from schemas.source import RawFile
from schemas.vocabulary import is_valid

FIELDS = re.findall(
    r"\w+",
    "gender hair up down clothes hat backpack bag handbag age upblack upwhite upred uppurple upyellow upgray upblue "
    "upgreen downblack downwhite downpink downpurple downyellow downgray downblue downgreen downbrown",
)


@dataclass
class ToyTree:
    """A dataset in memory."""

    content: Mapping[str, bytes]
    label: str = "toy"

    def files(self) -> Sequence[RawFile]:
        return [RawFile(name, len(self.content[name]), 0) for name in sorted(self.content)]

    def read(self, relpath: str, limit: int = 1 << 28) -> bytes:
        if relpath not in self.content:
            raise BadRawData(f"The file {relpath!r} is missing.")
        return self.content[relpath]


def mat(persons: list[str], **changes: Any) -> bytes:
    """A market_attribute.mat of some persons: all ones, but for the columns given."""
    image_index = np.empty((len(persons), 1), dtype=object)
    image_index[:, 0] = persons
    columns: dict[str, Any] = {name: np.ones((1, len(persons)), np.uint8) for name in FIELDS}
    columns |= {name: np.array([value]) for name, value in changes.items() if value is not None}
    columns = {name: value for name, value in columns.items() if name not in changes or changes[name] is not None}
    backwards = dict(reversed(columns.items()))
    file = io.BytesIO()
    attribute = {"train": {**columns, "image_index": image_index}, "test": {"image_index": image_index, **backwards}}
    attribute["test"]["image_index"] = np.array([[f"9{p[1:]}"] for p in persons], dtype=object)
    scipy.io.savemat(file, {"market_attribute": attribute})
    return file.getvalue()


def labels(data: bytes) -> tuple[dict[tuple[str, str], str], list[Reject]]:
    rows = list(read_market_attributes(ToyTree({"attribute/market_attribute.mat": data})))
    values = {(row.person_key or "", row.key): row.value for row in rows if isinstance(row, Attribute)}
    return values, [row for row in rows if isinstance(row, Reject)]


def test_market_codes_have_the_polarity_of_the_file() -> None:
    ones, refused = labels(mat(["0002", "0007"]))
    assert refused == []
    assert {key: value for (person, key), value in ones.items() if person == "market1501:0002"} == {
        "gender_presentation": "masculine", "hair_length": "short", "upper_sleeve": "long", "lower_length": "long",
        "lower_type": "skirt|dress", "headwear": "none", "backpack": "no", "shoulder_bag": "no", "hand_bag": "no",
        "age_group": "child",
    }  # fmt: skip
    twos, _ = labels(mat(["0002"], **{name: [2] for name in FIELDS[:10]}, upgray=[2], downbrown=[2]))
    assert {key: value for (person, key), value in twos.items() if person == "market1501:0002"} == {
        "gender_presentation": "feminine", "hair_length": "long", "upper_sleeve": "short", "lower_length": "short",
        "backpack": "yes", "shoulder_bag": "yes", "hand_bag": "yes", "age_group": "teenager",
        "upper_color_primary": "grey", "lower_color_primary": "brown",
    }  # fmt: skip


def test_market_fields_are_found_by_name_in_both_structs_whatever_their_order() -> None:
    values, _ = labels(mat(["0002", "0007"], gender=[1, 2], backpack=[2, 1]))
    for first in ("0002", "9002"):
        assert values[f"market1501:{first}", "gender_presentation"] == "masculine"
        assert values[f"market1501:{first}", "backpack"] == "yes"
    assert values["market1501:9007", "gender_presentation"] == "feminine"


def test_a_person_without_a_colour_has_no_colour_row_and_one_with_two_is_refused() -> None:
    values, refused = labels(mat(["0002", "0007"], upred=[1, 2], upblue=[1, 2], downblue=[2, 1]))
    assert ("market1501:0002", "upper_color_primary") not in values
    assert ("market1501:0007", "upper_color_primary") not in values
    assert values["market1501:0002", "lower_color_primary"] == "blue"
    assert [(row.reason, "0007" in row.subject or "9007" in row.subject) for row in refused] == [
        ("contradiction", True), ("contradiction", True),
    ]  # fmt: skip


def test_an_impossible_code_refuses_one_value_and_a_zero_the_whole_column() -> None:
    values, refused = labels(mat(["0002", "0007"], age=[3, 9], hat=[0, 1]))
    assert values["market1501:0002", "age_group"] == "adult"
    assert ("market1501:0007", "age_group") not in values
    assert not any(key == "headwear" for _, key in values)
    assert {row.reason for row in refused} == {"impossible_value", "bad_base"}


def test_columns_that_are_missing_short_or_text_are_refused_by_name() -> None:
    _, refused = labels(mat(["0002", "0007"], gender=None, hair=[1], up=["a", "b"]))
    assert {row.reason for row in refused} == {"bad_column"}
    assert {row.subject.rpartition(".")[2] for row in refused} == {"gender", "hair", "up"}


def test_a_person_given_twice_keeps_the_first_row() -> None:
    values, refused = labels(mat(["0002", "0002", "x"], gender=[1, 2, 2]))
    assert values["market1501:0002", "gender_presentation"] == "masculine"
    assert {row.reason for row in refused} == {"duplicate", "bad_person"}


def test_every_market_value_is_in_the_vocabulary() -> None:
    for code in (1, 2):
        values, _ = labels(mat(["0002"], **{name: [code] for name in FIELDS[:10]}, upwhite=[2], downpink=[2]))
        assert values
        assert all(is_valid(key, value) for (_, key), value in values.items())


@pytest.mark.parametrize("data", [b"", b"MATLAB", b"\0" * 200, b"<html>404</html>", mat(["0002"])[:700]])
def test_a_file_that_is_no_mat_file_is_one_refusal(data: bytes) -> None:
    values, refused = labels(data)
    assert values == {}
    assert [row.reason for row in refused] == ["damaged"]


@settings(max_examples=150, deadline=None)
@given(places=st.lists(st.tuples(st.integers(0, 9_000), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_mat_file_with_broken_bytes_never_raises(places: list[tuple[int, int]]) -> None:
    data = bytearray(_MAT)
    for place, value in places:
        data[place % len(data)] = value
    labels(bytes(data))


_MAT = mat(["0002", "0007"])


def cuhk(records: Any, *files: str) -> tuple[list[PersonImage], list[Caption], list[Reject]]:
    data = records if isinstance(records, bytes) else json.dumps(records).encode()
    tree = ToyTree({f"imgs/{name}": b"" for name in files} | {"reid_raw.json": data})
    rows = list(cuhk_pedes.SOURCE.read(tree))
    captions = list(cuhk_pedes.SOURCE.captions(tree))
    return (
        [row for row in rows if isinstance(row, PersonImage)],
        [row for row in captions if isinstance(row, Caption)],
        [row for row in [*rows, *captions] if isinstance(row, Reject)],
    )


def record(path: str, **changes: Any) -> dict[str, Any]:
    return {"file_path": path, "id": 7, "split": "train", "captions": ["A man in red. "]} | changes


def test_cuhk_takes_any_number_of_captions_and_any_case_of_split() -> None:
    images, captions, refused = cuhk(
        [
            record("cam_a/1.jpg", split="Train", captions=["One.", "Two", " Three\n words "]),
            record("Market/2.png", id=8),
        ],
        "cam_a/1.jpg", "Market/2.png",
    )  # fmt: skip
    assert refused == []
    assert [(row.person_key, row.split, row.overlap_source) for row in images] == [
        ("cuhk_pedes:00007", "train", "viper"), ("cuhk_pedes:00008", "train", "market1501"),
    ]  # fmt: skip
    assert [(row.caption_index, row.text) for row in captions[:3]] == [(0, "One."), (1, "Two."), (2, "Three words.")]
    assert captions[2].text_raw == " Three\n words "
    assert len({row.caption_id for row in captions}) == 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"split": "dev"}, "split 'dev'"),
        ({"split": None}, "split None"),
        ({"id": "7"}, "id '7'"),
        ({"id": True}, "id True"),
        ({"id": -1}, "id -1"),
        ({"captions": "A man."}, "captions"),
        ({"file_path": "../x.jpg"}, "file_path"),
        ({"file_path": "/etc/x.jpg"}, "file_path"),
        ({"file_path": "a\\b.jpg"}, "file_path"),
        ({"file_path": 3}, "file_path"),
    ],
)
def test_a_cuhk_record_with_an_impossible_field_is_refused_by_number(change: dict[str, Any], said: str) -> None:
    images, captions, refused = cuhk([record("cam_a/1.jpg"), record("cam_a/2.jpg") | change], "cam_a/1.jpg")
    assert (len(images), len(captions)) == (1, 1)
    assert [(row.reason, row.subject) for row in refused] == [("bad_record", "reid_raw.json record 2")]
    assert said in refused[0].detail


def test_cuhk_records_and_images_that_do_not_meet_are_both_refused() -> None:
    _, _, refused = cuhk([record("cam_a/1.jpg"), record("cam_a/1.jpg"), "x"], "cam_a/2.jpg", "3.gif")
    assert sorted(row.reason for row in refused) == ["bad_record", "bad_record", "missing_file", "unlisted", "unlisted"]


def test_an_empty_caption_is_refused_and_the_others_stay() -> None:
    _, captions, refused = cuhk([record("cam_a/1.jpg", captions=["", " .. ", None, "A \u200bman\x07"])], "cam_a/1.jpg")
    assert [row.text for row in captions] == ["A man."]
    assert [row.reason for row in refused] == ["empty", "empty", "empty"]


def test_a_key_given_twice_refuses_the_record() -> None:
    twice = b'[{"id": 1, "id": 2, "split": "train", "file_path": "cam_a/1.jpg", "captions": []}]'
    images, _, refused = cuhk(twice, "cam_a/1.jpg")
    assert images == []
    assert "a key twice" in refused[0].detail


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[" * 100_000, b'[{"a": NaN}]', b"[Infinity]", b'"\xff\xfe"', b"\xff\xfe[\x00", b"[1,]", b"null"],
)
def test_json_that_cannot_be_trusted_is_one_refusal_in_a_sentence(data: bytes) -> None:
    images, captions, refused = cuhk(data, "cam_a/1.jpg")
    assert (images, captions) == ([], [])
    assert [row.reason for row in refused] == ["damaged", "unlisted"]
    assert "reid_raw.json" in refused[0].detail


def test_half_a_surrogate_pair_is_no_character() -> None:
    _, captions, _ = cuhk(b'[{"id":1,"split":"val","file_path":"cam_a/1.jpg","captions":["A \\ud800 man"],'
                          b'"processed_tokens":[["a","\\ud800"]]}]', "cam_a/1.jpg")  # fmt: skip
    assert captions[0].text == "A man."
    assert captions[0].text_raw.encode()
    assert captions[0].processed_tokens is not None
    assert all(token.encode() for token in captions[0].processed_tokens)


@given(text=st.text(max_size=60))
def test_plain_text_is_one_line_and_normal_after_one_pass(text: str) -> None:
    plain = plain_text(text)
    assert plain == plain_text(plain)
    assert "\n" not in plain
    assert plain == plain.strip()


KNOWN = Known(
    "ltcc",
    {"ltcc/query/1.png": "ltcc:001"},
    {"001": "ltcc:001", "ltcc:001": "ltcc:001"},
    {"ltcc:001/2": "ltcc:001/2"},
)


def own(rows: list[dict[str, Any]], columns: Sequence[str] = ("image", "person", "clothes", "key", "value")) -> Any:
    file = io.BytesIO()
    pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in columns}), file)
    return list(read_own("attributes.parquet", file.getvalue(), KNOWN))


def test_own_attributes_speak_of_the_narrowest_thing_they_name() -> None:
    rows = own(
        [
            {"image": "query/1.png", "key": "viewpoint", "value": "back"},
            {"image": "ltcc/query/1.png", "key": "viewpoint", "value": "front"},
            {"person": "001", "key": "build", "value": "slim"},
            {"person": "001", "clothes": "2", "key": "upper_type", "value": "hoodie"},
            {"clothes": "ltcc:001/2", "key": "lower_type", "value": "skirt|dress"},
        ]
    )
    assert [(row.level, row.image_id or row.clothes_key or row.person_key, row.attribute_source) for row in rows] == [
        ("image", "ltcc/query/1.png", "own_labels"), ("image", "ltcc/query/1.png", "own_labels"),
        ("person", "ltcc:001", "own_labels"), ("clothes", "ltcc:001/2", "own_labels"),
        ("clothes", "ltcc:001/2", "own_labels"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"person": "009", "key": "build", "value": "slim"}, "unknown_subject"),
        ({"image": "x.png", "key": "build", "value": "slim"}, "unknown_subject"),
        ({"person": "001", "clothes": "9", "key": "build", "value": "slim"}, "unknown_subject"),
        ({"key": "build", "value": "slim"}, "unknown_subject"),
        ({"person": "001", "key": "buidl", "value": "slim"}, "unknown_key"),
        ({"person": "001", "key": "build", "value": "huge"}, "unknown_value"),
        ({"person": "001", "key": "build", "value": None}, "unknown_value"),
        ({"person": "001", "key": "lower_type", "value": "dress|skirt"}, "unknown_value"),
    ],
)
def test_an_own_attribute_that_does_not_fit_is_refused_with_file_and_row(row: dict[str, Any], reason: str) -> None:
    good = {"person": "001", "key": "build", "value": "slim"}
    _, refused = own([good, row])
    assert isinstance(refused, Reject)
    assert (refused.reason, refused.subject) == (reason, "attributes.parquet row 2")


def test_an_own_table_with_other_columns_or_no_table_is_one_refusal() -> None:
    (refused,) = own([{"person": "001"}], ("person", "colour"))
    assert "colour" in refused.detail
    for data in (b"", b"PAR1", b"PAR1" * 50):
        (broken,) = read_own("attributes.parquet", data, KNOWN)
        assert isinstance(broken, Reject)
        assert broken.reason == "damaged"


def test_confidence_and_visibility_are_kept_and_checked() -> None:
    columns = ("person", "key", "value", "visible", "confidence")
    good, bad = own(
        [
            {"person": "001", "key": "build", "value": "slim", "visible": True, "confidence": 0.5},
            {"person": "001", "key": "build", "value": "slim", "visible": None, "confidence": 1.5},
        ],
        columns,
    )
    assert (good.visible, good.confidence) == (True, 0.5)
    assert bad.reason == "impossible_value"


def test_own_captions_are_read_line_by_line_and_bad_lines_refused_with_their_number() -> None:
    lines = [
        b'{"image": "query/1.png", "text": "A woman with a bag"}',
        b"",
        b'{"image": "query/1.png", "text": "Zweite", "language": "de"}\r',
        b'{"image": "query/1.png", "text": NaN}',
        b'{"image": "query/1.png", "text": "\xff"}',
        b'{"image": "query/9.png", "text": "Nobody"}',
        b'{"image": "query/1.png", "text": ""}',
        b'{"image": "query/1.png", "text": "x", "langauge": "de"}',
        b'{"image": "query/1.png", "text": "a", "text": "b"}',
        b'["a"]',
        b"[" * 50_000,
    ]
    rows = list(read_own("captions.jsonl", b"\n".join(lines), KNOWN))
    good = [row for row in rows if isinstance(row, Caption)]
    assert [(row.caption_id, row.text, row.language, row.person_key) for row in good] == [
        ("ltcc/query/1.png#own0", "A woman with a bag.", "en", "ltcc:001"),
        ("ltcc/query/1.png#own1", "Zweite.", "de", "ltcc:001"),
    ]
    refused = [(row.subject, row.reason) for row in rows if isinstance(row, Reject)]
    assert refused == [
        ("captions.jsonl row 4", "damaged"), ("captions.jsonl row 5", "damaged"),
        ("captions.jsonl row 6", "unknown_subject"), ("captions.jsonl row 7", "bad_record"),
        ("captions.jsonl row 8", "bad_record"), ("captions.jsonl row 9", "bad_record"),
        ("captions.jsonl row 10", "bad_record"), ("captions.jsonl row 11", "damaged"),
    ]  # fmt: skip


def test_label_files_are_found_in_the_folder_and_beside_it(tmp_path: Path) -> None:
    root = tmp_path / "LTCC_ReID"
    root.mkdir()
    (root / "captions.jsonl").write_bytes(b"")
    (tmp_path / "LTCC_ReID.attributes.parquet").write_bytes(b"x")
    assert [file.relpath for file, _ in find_own(FolderTree(root))] == [
        "../LTCC_ReID.attributes.parquet",
        "captions.jsonl",
    ]


@pytest.mark.parametrize("compressed", [False, True])
def test_the_mat_reader_finds_what_the_usual_reader_finds(compressed: bool) -> None:
    file = io.BytesIO()
    cell = np.array([["0002", "é", ""]], dtype=object)
    value = {"a": np.array([[1, 250]], np.uint8), "b": np.array([[0.5, -3.0]]), "s": "text", "c": cell, "n": {"x": 7}}
    scipy.io.savemat(file, {"other": np.arange(5), "market_attribute": value}, do_compression=compressed)
    found = read_variable(file.getvalue(), "market_attribute")
    assert found["a"].tolist() == [1, 250]
    assert found["b"].tolist() == [0.5, -3.0]
    assert found["c"][:2] == ["0002", "é"]
    assert (found["s"], found["n"]["x"].tolist()) == ("text", [7])
    assert labels(mat(["0002"])) == labels(_packed(mat(["0002"])))


def _packed(data: bytes) -> bytes:
    file = io.BytesIO()
    loaded = {"market_attribute": scipy.io.loadmat(io.BytesIO(data))["market_attribute"]}
    scipy.io.savemat(file, loaded, do_compression=True)
    return file.getvalue()


def test_a_compressed_part_that_unfolds_without_end_is_refused() -> None:
    bomb = zlib.compress(bytes(200 << 20), 9)
    data = b" " * 124 + b"\0\1IM" + struct.pack("<II", 15, len(bomb)) + bomb
    with pytest.raises(BadTable, match="unfolds"):
        read_variable(data, "market_attribute")


def test_a_newer_mat_file_is_refused_with_the_remedy() -> None:
    _, (refused,) = labels(b"MATLAB 7.3 MAT-file" + b" " * 500)
    assert "-v7" in refused.detail

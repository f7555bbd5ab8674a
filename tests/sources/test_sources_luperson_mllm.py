"""LUPerson-MLLM: four dictionaries of answers joined on the base name, with leftovers of prompts flagged."""

import json
from typing import Any

import pytest
from sources_toy import ToyTree

from generators.sources.luperson_mllm import SOURCE
from schemas.rows import Caption, Reject

FILES = ("Ts-qwen", "Td-qwen", "Ts-shikra", "Td-shikra")


def rows(**answers: Any) -> tuple[list[Caption], list[Reject]]:
    files = {f"caption/{name}.json": answers.get(name.replace("-", "_"), {}) for name in FILES}
    content = {name: data if isinstance(data, bytes) else json.dumps(data).encode() for name, data in files.items()}
    found = list(SOURCE.captions(ToyTree(content | {"LUPerson-MLLM/1.jpg": b"", "LUPerson-MLLM/2.jpg": b""})))
    captions = [row for row in found if isinstance(row, Caption)]
    return captions, [row for row in found if isinstance(row, Reject)]


def test_captions_are_joined_on_the_base_name_and_keep_style_and_model() -> None:
    captions, refused = rows(Ts_qwen={"a/b/1.jpg": "A man"}, Td_shikra={"1.jpg": "He walks."})
    assert refused == []
    assert [(c.caption_id, c.caption_source, c.style, c.model, c.text) for c in captions] == [
        ("luperson_mllm/LUPerson-MLLM/1.jpg#0", "mllm:qwen", "static", "qwen", "A man."),
        ("luperson_mllm/LUPerson-MLLM/1.jpg#3", "mllm:shikra", "dynamic", "shikra", "He walks."),
    ]
    assert all(c.valid and c.person_key == "luperson_mllm:1" for c in captions)


@pytest.mark.parametrize("text", ["A [hair description] man.", "A <color> shirt.", "A man</s>"])
def test_a_leftover_of_the_prompt_stays_flagged_and_is_not_valid(text: str) -> None:
    (caption,), _ = rows(Td_qwen={"1.jpg": text})
    assert (caption.valid, caption.flags, caption.text_raw) == (False, ("template_leftover",), text)


def test_answers_without_a_picture_are_counted_once_a_file() -> None:
    captions, refused = rows(Ts_qwen={"7.jpg": "A man.", "8.jpg": "A man.", "1.jpg": "A man."})
    assert len(captions) == 1
    assert [(row.reason, row.detail[:1]) for row in refused] == [("missing_file", "2")]


def test_two_paths_of_one_base_name_keep_the_first() -> None:
    captions, refused = rows(Ts_qwen={"a/1.jpg": "First.", "b/1.jpg": "Second."})
    assert [caption.text for caption in captions] == ["First."]
    assert [row.reason for row in refused] == ["duplicate"]


@pytest.mark.parametrize("answer", ["", " .. ", None, 3, ["A man."]])
def test_an_answer_that_says_nothing_is_refused(answer: Any) -> None:
    captions, refused = rows(Ts_qwen={"1.jpg": answer})
    assert captions == []
    assert [row.reason for row in refused] == ["empty"]


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"1.jpg": NaN}', b'{"1.jpg": "A", "1.jpg": "B"}', b"\xff"])
def test_a_file_that_is_no_dictionary_is_one_refusal_and_the_others_are_read(data: bytes) -> None:
    captions, refused = rows(Ts_qwen=data, Td_qwen={"1.jpg": "A man."})
    assert [(row.reason, row.subject) for row in refused] == [("damaged", "caption/Ts-qwen.json")]
    assert len(captions) == 1


def test_a_missing_file_is_named() -> None:
    found = list(SOURCE.captions(ToyTree({"LUPerson-MLLM/1.jpg": b""})))
    assert [row.subject for row in found if isinstance(row, Reject)] == [f"{name}.json" for name in FILES]

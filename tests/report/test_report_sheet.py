import io

import pyarrow as pa
from PIL import Image

from tasks.report.balance import answer_balance
from tasks.report.contact_sheet import choose_images, draw_sheet
from tasks.report.samples import readable


def _encoded(colour):
    out = io.BytesIO()
    Image.new("RGB", (20, 50), colour).save(out, "PNG")
    return out.getvalue()


def test_a_sheet_shows_every_image_twelve_to_a_row():
    sheet = Image.open(io.BytesIO(draw_sheet([_encoded("red")] * 13)))
    assert sheet.size == (12 * 68 + 4, 2 * 132 + 4)
    assert sheet.getpixel((30, 180))[0] > 180


def test_an_empty_sheet_says_so_instead_of_failing():
    assert Image.open(io.BytesIO(draw_sheet([]))).size == (72, 136)


def test_images_are_chosen_by_person_and_do_not_depend_on_row_order():
    ids = [f"s/{person}/{k}" for person in range(9) for k in range(8)]
    people = pa.table({"image_id": ids, "person_key": [name.rsplit("/", 1)[0] for name in ids]})
    chosen = choose_images(people, 12)
    assert chosen == choose_images(people.take(pa.array(range(71, -1, -1))), 12)
    assert len({name.rsplit("/", 1)[0] for name in chosen}) == 2


def test_balance_shows_shares_of_train_answers_only():
    answers = [{"text": text} for text in ("Yes", "No", "Yes", "No", "No")]
    table = pa.table({"family": ["SAME_YN"] * 5, "split": ["train"] * 4 + ["test"], "answer": answers})
    assert answer_balance(table)["SAME_YN"].shares == [0.5, 0.5]


def test_balance_shows_the_five_most_frequent_answers_and_pools_the_rest():
    answers = [{"text": letter} for letter in "aaaaaabbbbbccccdddeefg"]
    table = pa.table({"family": ["F"] * 22, "split": ["train"] * 22, "answer": answers})
    balance = answer_balance(table)["F"]
    assert balance.shares == [6 / 22, 5 / 22, 4 / 22, 3 / 22, 2 / 22, 2 / 22]
    assert balance.words == "a 27%, b 23%, c 18%, d 14%, e 9%, 2 others 9%"


def test_markers_become_numbers_a_person_can_read():
    assert readable("Same as [[image:1]] and [[image:12]]?") == "Same as ⟨1⟩ and ⟨12⟩?"

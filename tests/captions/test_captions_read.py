"""Reading attribute values from captions: what is plain is read, what is not is left."""

import pytest

from generators.captions.attribute_read import read, read_fully
from schemas.vocabulary import is_valid

READ = [
    ("A man in a navy jacket.", "masculine upper_type=jacket upper_color_primary=dark_blue"),
    ("The woman has black hair and a white top.", "feminine hair_color=black upper_color_primary=white"),
    ("The man is carrying her bag.", "masculine"),
    ("Her bag is next to the man.", ""),
    ("The lady walks behind a man in a red coat.", "feminine"),
    ("A man and a woman in black coats.", ""),
    ("The person I saw was a woman in a red coat.", "feminine upper_type=coat upper_color_primary=red"),
    ("A man with a child in a red dress.", "masculine"),
    ("A man with a backpack. He has no bag.", "masculine backpack=yes"),
    ("She carries no backpack.", "feminine backpack=no"),
    ("She walks without a black backpack.", "feminine backpack=no"),
    ("He wears no hat, glasses or backpack.", "masculine"),
    ("He is not wearing a hat.", "masculine"),
    ("He wears no hat but a blue coat.", "masculine upper_type=coat upper_color_primary=blue"),
    ("She does not have glasses on.", "feminine"),
    ("A white shirt under a black jacket.", ""),
    ("A black and white striped shirt.", "upper_type=shirt upper_pattern=striped"),
    ("A white blue striped shirt.", "upper_type=shirt upper_pattern=striped"),
    ("A red or orange shirt.", "upper_type=shirt upper_color_primary=red|orange"),
    ("A dark blue skirt or dress.", "lower_type=skirt|dress lower_color_primary=dark_blue"),
    ("Shorts or a blue skirt on her.", "lower_type=shorts|skirt"),
    ("Black shorts or black jeans.", "lower_type=jeans|shorts lower_color_primary=black"),
    ("He wears black, white shoes.", "masculine"),
    ("Shirt is white, short hair.", "upper_type=shirt hair_length=short"),
    ("A teal jacket.", "upper_type=jacket"),
    ("A black hair band and a black hair tie.", ""),
    ("Brown backpack straps on a man's jacket.", "upper_type=jacket"),
    ("He stands on top of a box.", "masculine"),
    ("A jean jacket and denim pants.", "upper_type=jacket lower_type=jeans"),
    ("A black shirt and pants.", "upper_type=shirt upper_color_primary=black lower_type=trousers"),
    ("She wears dress shoes and a dress shirt.", "feminine footwear_type=leather upper_type=shirt"),
    ("A short-sleeved grey T-shirt.", "upper_type=t_shirt upper_sleeve=short upper_color_primary=grey"),
    ("A short man with short hair.", "masculine height_relative=short hair_length=short"),
    ("A shirt with short sleeves.", "upper_type=shirt upper_sleeve=short"),
    ("Long, dark brown hair.", "hair_color=brown"),
    ("Long hair in a ponytail.", ""),
    ("A knee-length red skirt.", "lower_type=skirt lower_length=knee lower_color_primary=red"),
    ("A slim elderly woman.", "feminine age_group=senior build=slim"),
    ("A bag over his shoulder on a boy.", "masculine shoulder_bag=yes"),
    ("A black jacket with white stripes.", "upper_type=jacket upper_color_primary=black"),
    ("A jacket. The jacket is red. The red jacket is open.", "upper_type=jacket upper_color_primary=red"),
    ("A blue jacket. The red jacket is open.", "upper_type=jacket"),
    ("White running shoes on a running man.", "masculine footwear_type=sneakers footwear_color=white"),
    ("The man wears a light blue shirt.", "masculine upper_type=shirt upper_color_primary=blue"),
    ("The man has dark hair and dark trousers.", "masculine hair_color=dark lower_type=trousers"),
    ("Someone in a red coat.", ""),
    ("An old man in an old jacket.", "masculine age_group=senior upper_type=jacket"),
    ("An elderly woman with a shaven head.", "feminine age_group=senior hair_length=bald"),
    ("A bald man with a beard.", "masculine hair_length=bald facial_hair=beard"),
    ("A tall, old, bald-headed man.", "masculine age_group=senior height_relative=tall hair_length=bald"),
    ("The man is bald. He is old and tall.", "masculine age_group=senior hair_length=bald"),
    ("A woman who is rather tall, with a bald head.", "feminine height_relative=tall hair_length=bald"),
    ("His head is shaved.", "hair_length=bald"),
    ("A short-haired, grey-haired lady.", "feminine hair_length=short hair_color=grey"),
    ("A middle-aged man and a teenage boy.", "masculine"),
    ("A teenage girl in a white top.", "feminine age_group=teenager upper_color_primary=white"),
    ("A bald man with long hair.", "masculine"),
    ("Bald tyres on an old bicycle beside a man.", ""),
    ("The tyre is bald. The jacket is old.", "upper_type=jacket"),
    ("A man with a bald eagle on an old shirt.", "masculine upper_type=shirt"),
    ("A bald spot on the head of a man.", "masculine"),
    ("He is not bald. He is never old.", "masculine"),
    ("A balding man is old-fashioned.", "masculine"),
    ("A 20-year-old man and an old dog.", "masculine"),
    ("An old man's coat on a woman.", "feminine upper_type=coat"),
    ("His shoes are brown running shoes.", "footwear_type=sneakers footwear_color=brown"),
    ("A shirt without any print and blue jeans.", "upper_type=shirt lower_type=jeans lower_color_primary=blue"),
    ("", ""),
    ("....", ""),
]


def spelt(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split())
    return {key if value else "gender_presentation": value or key for key, _, value in pairs}


@pytest.mark.parametrize(("text", "expected"), READ)
def test_plain_statements_are_read_and_others_are_left(text: str, expected: str):
    assert read(text) == spelt(expected)


def test_what_is_read_is_in_the_vocabulary():
    found = [item for text, _ in READ for item in read(text).items()]
    assert len(found) > 60
    assert all(is_valid(key, value) for key, value in found)


def test_what_cannot_be_read_is_noticed():
    said, topics = read_fully("A man in a shirt with red dots. His shoes are odd, and he has hair down. He has no hat.")
    assert said == {"gender_presentation": "masculine", "upper_type": "shirt"}
    assert topics == {"person", "upper", "shoes", "hair", "dotted"}
    assert read_fully("In this picture there is nothing with a name.") == ({}, frozenset())


def test_names_of_one_print_are_one_topic():
    assert read_fully("A tee with lettering.")[1] == read_fully("A tee with a logo.")[1] == {"upper", "logo_text"}

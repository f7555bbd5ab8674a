import sys
from importlib import import_module
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas import keys, tables

IDS = st.lists(st.text(max_size=12), unique=True, min_size=1, max_size=40)


@given(IDS, st.randoms())
def test_a_draw_depends_on_its_key_and_not_on_the_order_or_company_of_others(ids, random):
    seed = keys.seed_of("SAME_YN", 7)
    words = dict(zip(ids, keys.mix(seed, keys.hash_ids(ids)).tolist(), strict=True))
    shuffled = list(ids)
    random.shuffle(shuffled)
    some = shuffled[: max(1, len(shuffled) // 2)]
    assert keys.mix(seed, keys.hash_ids(some)).tolist() == [words[name] for name in some]


def test_keys_in_another_order_give_another_draw():
    assert keys.mix(1, 2)[0] != keys.mix(2, 1)[0]


def test_draws_are_uniform_over_small_ranges():
    drawn = keys.below(keys.mix(keys.seed_of("x"), np.arange(60_000, dtype=np.uint64)), 6)
    shares = np.bincount(drawn, minlength=6) / drawn.size
    assert np.abs(shares - 1 / 6).max() < 0.01


def test_golden_draws_never_change():
    assert keys.seed_of("ATTR_QA", 7) == 8884153431742656116
    assert keys.mix(1, 2, 3).tolist() == [15020427595393229491]
    assert keys.digest({"b": 1, "a": [True, None]})[:16] == "51705a2c9eb3e7e4"


@given(st.dictionaries(st.text(max_size=5), st.integers()))
def test_a_digest_ignores_the_order_of_keys(value):
    backwards = dict(reversed(list(value.items())))
    assert keys.digest(value) == keys.digest(backwards)


def test_the_revision_of_a_package_changes_with_any_of_its_files(tmp_path, monkeypatch):
    package = tmp_path / "tabled"
    package.mkdir()
    (package / "__init__.py").write_text("from tabled.part import A\n")
    (package / "part.py").write_text("A = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import_module("tabled")
    first = keys.code_revision(sys.modules["tabled"])
    assert keys.code_revision(sys.modules["tabled"]) == first
    (package / "part.py").write_text("A = 2\n")
    assert keys.code_revision(sys.modules["tabled"]) != first


def test_the_tables_are_a_package_so_that_steps_which_name_it_depend_on_all_of_its_files():
    names = {path.name for path in Path(tables.__path__[0]).glob("*.py")}
    assert {"__init__.py", "table.py", "pictures.py", "instructions.py"} <= names
    assert keys.code_revision(tables) != keys.code_revision(sys.modules["schemas.tables.table"])

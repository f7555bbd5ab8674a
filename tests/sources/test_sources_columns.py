from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.discovery import find_all
from schemas.rows import PersonImage
from schemas.source import RawFile, Source

SOURCES: dict[str, Source] = {name: one for name, one in find_all("generators.sources", "SOURCE") if one.columns}
MARKET = st.from_regex(
    r"\A(bounding_box_train|bounding_box_test|query|gt_bbox)/"
    r"(-1|0000|000[1-9]|12[0-9]{2})_c[1-6]s[1-9]{1,2}_[0-9]{6}_0[0-3](\.jpg){1,2}\Z"
)
STRANGE = ("query/readme.jpg", "other/0001_c1s1_000001_00.jpg", "query/0001_c7s1_000001_00.jpg", "query/0001\n.jpg")


class Tree:
    """A dataset of which only the names are known; implements RawTree."""

    label = "toy"

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def files(self) -> Sequence[RawFile]:
        return [RawFile(name, 1, 0) for name in self.names]

    def read(self, relpath: str, limit: int = 1 << 28) -> bytes:
        raise AssertionError(f"{relpath} is named, never opened")


def rows_in_columns(source: Source, names: Sequence[str]) -> list[PersonImage] | None:
    values = source.columns(names) if source.columns else None
    if values is None:
        return None
    defaults = {name: [value] * len(names) for name, value in PersonImage._field_defaults.items()}
    columns = defaults | dict(values)
    return [PersonImage(*row) for row in zip(*(columns[name] for name in PersonImage._fields), strict=True)]


def test_the_sources_that_read_many_names_at_once_say_of_their_examples_what_their_rows_say() -> None:
    for source in SOURCES.values():
        names = sorted(source.examples)
        assert rows_in_columns(source, names) == list(source.read(Tree(names)))
    assert sorted(SOURCES) == ["market1501"]


@settings(max_examples=60, deadline=None)
@given(st.lists(MARKET, min_size=1, max_size=12, unique=True).map(sorted))
def test_columns_and_rows_of_market_names_are_the_same(names: list[str]) -> None:
    source = SOURCES["market1501"]
    assert rows_in_columns(source, names) == list(source.read(Tree(names)))


@given(st.lists(MARKET, max_size=3), st.sampled_from(STRANGE), st.lists(MARKET, max_size=3))
@settings(max_examples=30, deadline=None)
def test_an_unusual_name_leaves_all_to_be_read_row_by_row(before: list[str], strange: str, after: list[str]) -> None:
    assert rows_in_columns(SOURCES["market1501"], [*before, strange, *after]) is None
    hidden = f"{strange}\nquery/0001_c1s1_000001_00.jpg"
    assert rows_in_columns(SOURCES["market1501"], [*before, hidden, *after]) is None

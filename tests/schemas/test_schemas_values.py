import pytest

from schemas import discovery, errors
from schemas.manifest import FileEntry
from schemas.tables import TABLES
from schemas.vocabulary import VOCABULARY, is_valid, spoken


def test_every_error_has_an_exit_code_of_its_branch_and_stands_in_the_drawing():
    found = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(found) >= 13
    for kind in found:
        assert kind.__name__ in (errors.__doc__ or "")
        assert kind.exit_code in (1, 2, 3)


def test_problems_are_listed_under_the_sentence():
    error = errors.GateFailed("The version is refused:", ["identity_leak: 3 ids", "balance: 0.7"])
    assert str(error).splitlines() == ["The version is refused:", "  - identity_leak: 3 ids", "  - balance: 0.7"]


def test_every_table_has_its_key_among_its_required_columns():
    assert len(TABLES) == 13
    for table in TABLES.values():
        assert all(not table.schema.field(name).nullable for name in table.key)


@pytest.mark.parametrize(
    ("key", "value", "valid"),
    [
        ("lower_type", "skirt|dress", True),
        ("lower_type", "dress|skirt", False),
        ("upper_color_primary", "navy", False),
        ("hat", "yes", False),
        ("build", "unknown", True),
    ],
)
def test_only_vocabulary_values_in_vocabulary_order_are_valid(key, value, valid):
    assert is_valid(key, value) is valid


def test_the_vocabulary_is_closed_and_spoken_in_words():
    assert len(VOCABULARY) == 34
    assert spoken("dark_blue") == "dark blue"
    assert spoken("skirt|dress") == "skirt or dress"


@pytest.mark.parametrize("path", ["/etc/passwd", "../up", "a/../../b", "a//b", "a\\b", "", "a/./b"])
def test_a_manifest_path_cannot_leave_its_folder(path):
    with pytest.raises(ValueError, match="path"):
        FileEntry(path=path, size=1, sha256="0" * 64)


def test_an_unknown_declaration_offers_the_nearest_and_the_list():
    with pytest.raises(errors.UnknownName, match="Did you mean 'market1501'"):
        discovery.find("generators.sources", "SOURCE", "market1051")

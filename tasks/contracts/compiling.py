"""From a contract's rules to expectations by name: pure values, so that what is checked can be read and tested.

Paths of struct children are column names with a dot; a list of the table counts as its length,
`n_images` for `images`. What stands inside lists is left to the structural checks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tasks.contracts.load import Column, Contract, Rule, primary_key


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation: its Great Expectations type, its arguments, and whether it blocks."""

    kind: str
    arguments: dict[str, Any]
    severity: str = "error"

    @property
    def columns(self) -> list[str]:
        """The columns that it reads."""
        named = [self.arguments.get(name) for name in ("column", "column_A", "column_B")]
        return [*(str(name) for name in named if name), *self.arguments.get("column_list", [])]


def compile_contract(contract: Contract) -> list[Expectation]:
    """Every rule of a contract that a table can be held against, in the order of its columns."""
    found: list[Expectation] = []
    key = primary_key(contract)
    if len(key) == 1:
        found.append(Expectation("expect_column_values_to_be_unique", {"column": key[0]}))
    elif key:
        found.append(Expectation("expect_compound_columns_to_be_unique", {"column_list": list(key)}))
    for column in contract.table.properties:
        found.extend(_column(column, "", column.required))
    for rule in contract.table.quality:
        found.extend(_table_rule(rule))
    return found


def _column(column: Column, prefix: str, held: bool) -> Iterator[Expectation]:
    name, limits = f"{prefix}{column.name}", column.logical_type_options
    if column.physical_type == "struct":
        for child in column.properties:
            yield from _column(child, f"{name}.", held and child.required)
        return
    if column.physical_type == "list":
        if not prefix:
            counted = f"n_{column.name}"
            yield from _between("expect_column_values_to_be_between", counted, limits.min_items, limits.max_items)
        return
    if column.physical_type == "binary":
        return
    if held:
        yield Expectation("expect_column_values_to_not_be_null", {"column": name})
    if limits.pattern is not None:
        yield Expectation("expect_column_values_to_match_regex", {"column": name, "regex": limits.pattern})
    yield from _between("expect_column_values_to_be_between", name, limits.minimum, limits.maximum)
    yield from _between("expect_column_value_lengths_to_be_between", name, limits.min_length, limits.max_length)
    for rule in column.quality:
        allowed = {"column": name, "value_set": rule.arguments["validValues"]}
        yield Expectation("expect_column_values_to_be_in_set", allowed, rule.severity)


def _between(kind: str, column: str, low: float | None, high: float | None) -> Iterator[Expectation]:
    bounds = {name: value for name, value in (("min_value", low), ("max_value", high)) if value is not None}
    if bounds:
        yield Expectation(kind, {"column": column, **bounds})


def _table_rule(rule: Rule) -> Iterator[Expectation]:
    if rule.metric == "rowCount" and rule.must_be_greater_or_equal_to is not None:
        least = {"min_value": int(rule.must_be_greater_or_equal_to)}
        yield Expectation("expect_table_row_count_to_be_between", least, rule.severity)
    if rule.engine == "greatExpectations":
        yield Expectation(rule.implementation["type"], dict(rule.implementation["kwargs"]), rule.severity)

"""The data docs of a version: what they list, and that they depend on nothing but the results."""

import re

import pytest

from tasks.checking.toy import toy_rows, toy_staged
from tasks.contracts.expectations import check_expectations
from tasks.contracts.load import load_contracts
from tasks.report.checks_page import checks_page

GATES = [
    {
        "title": "Identities per camera",
        "severity": "warning",
        "passed": False,
        "figure": 1.0,
        "summary": "toy:c2 shows <one> person",
        "failing": ["toy:c2"],
        "remedy": "Look at the camera.",
    }
]


@pytest.fixture(scope="module")
def outcomes():
    rows = toy_rows()
    rows["conversations"][0]["answer"]["kind"] = "guess"
    rows["conversations"][0]["sample_id"] = "<b>row"
    found = check_expectations(toy_staged(rows), load_contracts())
    return [outcome.as_json() for outcome in found]


@pytest.fixture(scope="module")
def page(outcomes):
    return checks_page("Checks of toy 0.1.0", outcomes, GATES).decode()


def test_every_expectation_stands_under_its_table_with_what_was_observed(page, outcomes):
    tables = [table for table, _ in re.findall(r'<h2 id="(\w+)"><code>(\w+)</code></h2>', page)]
    assert tables == sorted({outcome["table"] for outcome in outcomes})
    assert len(tables) == 12
    assert page.count("<tr><td><code>") == len(outcomes) > 200
    images = page.split('<h2 id="images">')[1].split("<h2")[0]
    assert re.search(r"the table</code> table row count to be between<br><span class=.soft.>min_value 1</span>", images)
    assert f"<td>{len(toy_rows()['images'])}</td>" in images
    assert "0 of 34 unexpected" in images


def test_a_broken_expectation_is_told_first_with_the_ids_that_break_it(page):
    broken = page.split("<h2>Broken expectations</h2>")[1].split("<h2")[0]
    assert "answer.kind" in broken
    assert "1 of 48 unexpected" in broken
    assert "<li><code>&lt;b&gt;row</code></li>" in page


def test_gates_are_listed_with_what_fails_and_what_to_do(page):
    gates = page.split("<h2>Gates</h2>")[1].split("<h2")[0]
    assert "toy:c2 shows &lt;one&gt; person" in gates
    assert "<li><code>toy:c2</code></li>" in gates
    assert "Look at the camera." in gates


def test_the_page_needs_no_network_and_the_same_results_give_the_same_bytes(page, outcomes):
    assert checks_page("Checks of toy 0.1.0", outcomes, GATES).decode() == page
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#)|https?:|@import|<script""", page)


def test_a_version_without_the_promised_columns_has_a_page_that_says_so():
    assert "No expectation was run" in checks_page("Checks of toy 0.1.0", [], GATES).decode()

"""Every form of a check report against a file that a person reviewed, and against the rules of its format."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tasks.checking.entries import Entry
from tasks.checking.forms import FORMS, render
from tasks.checking.report import CheckReport
from tasks.contracts.finding import Finding

GOLDEN = Path(__file__).parents[1] / "golden" / "check"
DOCS = Path(__file__).parents[2] / "docs" / "ci.md"
SUFFIXES = {"text": "txt", "json": "json", "junit": "xml", "github": "github.txt", "sarif": "sarif"}
GOOD = Entry(name="licence", title="No withdrawn source", severity="error", passed=True, figure=0.0, summary="fine")
REPORT = CheckReport(
    version="toy@0.1.1",
    files=(
        Finding(
            table="captions",
            check="digest",
            summary="the file 'data/captions/a b,c.parquet' is missing",
            failing=("data/captions/a b,c.parquet",),
        ),
    ),
    contract=(
        Finding(table="images", check="width", summary="width is below 1", count=7, failing=tuple("abcdef")),
        Finding(table="images", check="bytes", summary="100% odd:\r\nn_bytes \x00<&", severity="warning"),
    ),
    gates=(
        GOOD,
        Entry(
            name="identity_leak",
            title="No test identity in training rows",
            severity="error",
            passed=False,
            figure=1.0,
            summary="1 rows of train show a picture of a protocol",
            failing=("same-1",),
            remedy="Take it out.",
        ),
    ),
    against=(Finding(table="", check="step", summary="toy@0.1.1 is a patch step from toy@0.1.0, but …"),),
)


@pytest.mark.parametrize("form", FORMS)
def test_a_report_is_written_as_reviewed(form: str) -> None:
    path = GOLDEN / f"report.{SUFFIXES[form]}"
    assert render(REPORT, form, "versions/toy/") + "\n" == path.read_bytes().decode()


def test_there_is_a_reviewed_file_for_every_form() -> None:
    assert len(FORMS) == len(list(GOLDEN.iterdir())) == 5


def test_annotations_escape_what_would_end_them() -> None:
    lines = render(REPORT, "github", "v").splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("::error file=v/data/captions/a b%2Cc.parquet,title=files.digest::files: ")
    assert "100%25 odd:%0D%0A" in lines[2]
    assert lines[2].startswith("::warning ")


def test_junit_counts_its_cases_and_holds_only_what_xml_can() -> None:
    suite = ET.fromstring(render(REPORT, "junit", "v"))
    cases = suite.findall("testcase")
    assert int(suite.get("tests", "")) == len(cases) == 5
    assert int(suite.get("failures", "")) == len([case for case in cases if case.find("failure") is not None]) == 4
    assert [case.get("name") for case in cases] == [
        "against",
        "contract",
        "files",
        "gate.identity_leak",
        "gate.licence",
    ]


def test_sarif_has_the_structure_of_2_1_0() -> None:
    log = json.loads(render(REPORT, "sarif", "my versions/toy"))
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert (log["version"], log["$schema"].rsplit("/", 1)[1]) == ("2.1.0", "sarif-2.1.0.json")
    assert len({rule["id"] for rule in rules}) == len(rules) == 4
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"none", "note", "warning", "error"}
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.startswith("my%20versions/toy")
        assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
        assert " " not in uri
    assert len(run["results"]) == 5


def test_a_url_stays_one_in_sarif_and_a_problem_of_one_file_is_placed_in_that_file() -> None:
    whole = json.loads(render(REPORT, "sarif", "s3://bucket/hpt@1.2.0"))["runs"][0]["results"]
    alone = json.loads(render(replace(REPORT, published=False), "sarif", "in/a file.parquet"))["runs"][0]["results"]
    places = [
        [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in each] for each in (whole, alone)
    ]
    assert places[0][1] == "s3://bucket/hpt@1.2.0/contracts/images.odcs.yaml"
    assert places[1][1] == "in/a%20file.parquet"


def test_the_workflow_and_the_hook_of_the_docs_are_yaml_and_call_the_check() -> None:
    blocks = [part.split("```")[0] for part in DOCS.read_text(encoding="utf-8").split("```yaml\n")[1:]]
    workflow, hooks = (yaml.safe_load(block) for block in blocks)
    steps = workflow["jobs"]["check"]["steps"]
    assert all(("run" in step) != ("uses" in step) for step in steps)
    assert sum("reidforge check" in step.get("run", "") for step in steps) == 3
    (hook,) = hooks["repos"][0]["hooks"]
    assert {"id", "name", "entry", "language"} <= hook.keys()
    assert "reidforge check" in hook["entry"]

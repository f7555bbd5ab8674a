"""A check report in the forms that people and machines read: text, JSON, JUnit XML, GitHub annotations, SARIF 2.1.0.

`place` is the checked folder or file as its user wrote it; paths of problems are told below it.
"""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tasks.checking.report import CheckReport, Problem

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LEVELS = {"error": "error", "warning": "warning"}


def render(report: CheckReport, form: str, place: str) -> str:
    """The report in one of FORMS, without a newline at its end."""
    return FORMS[form](report, place.rstrip("/"))


def _text(report: CheckReport, place: str) -> str:
    return "\n".join(report.lines)


def _json(report: CheckReport, place: str) -> str:
    return report.to_json()


def _below(place: str, problem: Problem) -> str:
    return f"{place}/{problem.path}" if problem.path else place


def _junit(report: CheckReport, place: str) -> str:
    """One test case per kind of check; a warning passes and says so in its output."""
    suite = ET.Element("testsuite", name=f"reidforge check {_xml(report.version)}")
    cases = _cases(report)
    failed = sum(any(problem.severity == "error" for problem in found) for found in cases.values())
    suite.attrib |= {"tests": str(len(cases)), "failures": str(failed), "errors": "0", "skipped": "0"}
    for name, found in cases.items():
        case = ET.SubElement(suite, "testcase", classname=f"reidforge.{name.split('.')[0]}", name=name)
        for problem in found:
            words = _xml(f"{problem.message}\nRemedy: {problem.remedy}")
            if problem.severity == "error":
                ET.SubElement(case, "failure", message=_xml(problem.message), type=problem.rule).text = words
            else:
                ET.SubElement(case, "system-out").text = f"WARNING {words}"
    ET.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suite, encoding="unicode")


def _cases(report: CheckReport) -> dict[str, list[Problem]]:
    """The problems of every check by its name; checks that hold have none."""
    names = [*(["files"] if not report.part else []), *(f"gate.{entry.name}" for entry in report.gates)]
    cases: dict[str, list[Problem]] = {name: [] for name in ["contract", *names]}
    for problem in report.problems:
        whole = problem.rule.split(".")[0]
        cases.setdefault(problem.rule if whole == "gate" else whole, []).append(problem)
    return dict(sorted(cases.items()))


def _xml(words: str) -> str:
    """Words without what XML 1.0 cannot hold."""
    return _NO_XML.sub("\ufffd", words)


def _github(report: CheckReport, place: str) -> str:
    lines = [_annotation(problem, place) for problem in report.problems]
    return "\n".join([*lines, f"::notice title=reidforge check::{_data(report.summary)}"])


def _annotation(problem: Problem, place: str) -> str:
    where = f"file={_property(_below(place, problem))},title={_property(problem.rule)}"
    return f"::{_LEVELS[problem.severity]} {where}::{_data(problem.words)}"


def _data(words: str) -> str:
    """Words as the message of a workflow command."""
    return words.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(words: str) -> str:
    """Words as a property of a workflow command."""
    return _data(words).replace(":", "%3A").replace(",", "%2C")


def _sarif(report: CheckReport, place: str) -> str:
    rules = sorted({problem.rule: problem for problem in reversed(report.problems)}.items())
    places = {name: number for number, (name, _) in enumerate(rules)}
    run = {
        "tool": {"driver": {"name": "reidforge", "rules": [_rule(name, problem) for name, problem in rules]}},
        "results": [_result(problem, place, places) for problem in report.problems],
        "columnKind": "unicodeCodePoints",
        "properties": {"version": report.version, "summary": report.summary},
    }
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False)


def _rule(name: str, problem: Problem) -> dict[str, Any]:
    words = " ".join(re.split(r"[._]", name))
    return {"id": name, "shortDescription": {"text": words}, "help": {"text": problem.remedy}}


def _result(problem: Problem, place: str, rules: dict[str, int]) -> dict[str, Any]:
    uri = quote(_below(place, problem), safe="/@:" if "://" in place else "/@")
    return {
        "ruleId": problem.rule,
        "ruleIndex": rules[problem.rule],
        "level": _LEVELS[problem.severity],
        "message": {"text": problem.words},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}}],
        "properties": {"failing": list(problem.failing)},
    }


FORMS: dict[str, Callable[[CheckReport, str], str]] = {
    "text": _text,
    "json": _json,
    "junit": _junit,
    "github": _github,
    "sarif": _sarif,
}

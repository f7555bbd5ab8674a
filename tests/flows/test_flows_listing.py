"""`reidforge list sources`: what is known of every raw dataset, for people and for machines."""

import json

from typer.testing import CliRunner

from flows.cli import app
from schemas.discovery import names

RUN = CliRunner()


def test_the_table_of_sources_has_setting_terms_and_counts_of_each_in_short_lines() -> None:
    shown = RUN.invoke(app, ["list", "sources"]).stdout
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 110
    assert "\N{NO-BREAK SPACE}" not in shown
    first = [line.split()[0] for line in lines[1:-1] if not line.startswith(" ")]
    assert first == names("generators.sources")
    assert len(first) >= 25
    assert "market1501        standard          request    market1501-research-only" in lines
    assert "train 12,936 images, 751 persons [C]" in shown
    assert "dukemtmc          standard          withdrawn  dukemtmc-withdrawn" in lines


def test_the_json_of_sources_has_the_same_facts() -> None:
    facts = json.loads(RUN.invoke(app, ["list", "sources", "--json"]).stdout)
    assert sorted(facts) == names("generators.sources")
    market = facts["market1501"]
    assert (market["setting"], market["access_status"], market["release_allowed"]) == ("standard", "request", False)
    assert {"what": "train", "images": 12_936, "persons": 751, "captions": None, "tag": "C"} in market["counts"]
    assert market["forms"] == [["bounding_box_train/", "bounding_box_test/", "query/"]]

from pathlib import Path

import numpy as np
import pytest

from schemas.discovery import find, names
from schemas.gate import Gate
from tasks.checking import sharing
from tasks.checking.blocks import Block, blocks
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.runner import run_gates
from tasks.checking.toy import toy_rows, toy_staged
from tasks.contracts.load import gate_rules, load_contracts
from tasks.versions.reader import VersionFolder

RULES = gate_rules(load_contracts())
FOLDS = [name for name in names("tasks.gates") if isinstance(find("tasks.gates", "GATE", name).check, OverBlocks)]


def listed(block: Block) -> list[tuple[str, str, int]]:
    """Every shown image of a block: its row's name, its own, its number."""
    rows = block.names(block.rows_of("images[].image_id"))
    images = block.words("images[].image_id").texts().tolist()
    return list(zip(rows, images, block.position("images[].image_id").tolist(), strict=True))


@pytest.mark.parametrize("most", [1, 7, 10_000])
def test_blocks_hold_every_row_once_and_in_order(most: int) -> None:
    staged = toy_staged(toy_rows())
    found = list(blocks(staged, "conversations", most))
    table = staged.table("conversations", ["sample_id", "images"])
    assert all(0 < block.rows <= most for block in found)
    assert np.concatenate([block.numbered for block in found]).tolist() == list(range(table.num_rows))
    assert [one for block in found for one in listed(block)] == [
        (row["sample_id"], image["image_id"], number)
        for row in table.to_pylist()
        for number, image in enumerate(row["images"], 1)
    ]


@pytest.mark.parametrize("most", [1, 30, 10_000])
def test_blocks_of_files_are_those_of_the_table(toy_version: Path, most: int) -> None:
    version = VersionFolder(toy_version)
    shown = version.table("conversations", ["images"]).column(0).to_pylist()
    found = [one[1] for block in blocks(version, "conversations", most) for one in listed(block)]
    assert found == [image["image_id"] for images in shown for image in images]


@pytest.mark.parametrize("name", FOLDS)
def test_a_verdict_does_not_depend_on_where_blocks_end(name: str) -> None:
    gate: Gate = find("tasks.gates", "GATE", name)
    assert isinstance(gate.check, OverBlocks)
    for example in (gate.good, gate.bad):
        whole, cut = (gate.check(example(), RULES[name].parameters, most) for most in (10_000, 37))
        assert cut == whole


def test_a_second_process_sees_what_one_alone_would(toy_version: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = VersionFolder(toy_version)
    alone = run_gates(version, load_contracts())
    monkeypatch.setattr(sharing, "WORTH_SHARING", 1)
    shared = run_gates(version, load_contracts())
    assert [(name, verdict) for name, _, verdict in shared] == [(name, verdict) for name, _, verdict in alone]


def test_the_gate_that_reads_rows_again_is_judged_when_all_others_have_let_their_figures_go() -> None:
    parameters = {name: rule.parameters for name, rule in RULES.items()}
    told = sharing.Shared(Path(), "conversations", parameters)
    judged = list(sharing.folds_of(Memory(toy_staged(toy_rows())), told))
    assert judged[-1] == "blind_solver"
    assert sorted(judged) == [
        name for name in FOLDS if find("tasks.gates", "GATE", name).check.table == "conversations"
    ]

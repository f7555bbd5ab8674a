"""What `reidforge check` looks at: references, parts, single files, and whether a version may follow another."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result
from versions_toy import toy

from flows.cli import app
from schemas.errors import WrongUse
from tasks.checking.compatibility import drifted, steps
from tasks.contracts.load import drift_limits, load_contracts
from tasks.steps.check import check
from tasks.steps.pull import pull
from tasks.versions.diff.difference import Difference, Drift
from tasks.versions.selecting import Selection


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("remote")
    toy(base / "a").publish(base / "remote", version="0.1.0")
    toy(base / "b", words="A man in a red coat and brown boots.").publish(base / "remote", version="0.1.1")
    return base / "remote"


def run(*args: str) -> Result:
    return CliRunner().invoke(app, ["check", *args])


def folder_of(remote: Path, version: str) -> Path:
    digest = json.loads((remote / "toy" / "refs" / f"{version}.json").read_bytes())["digest"]
    return remote / "toy" / digest[:12]


def test_a_reference_is_checked_as_its_folder_is(remote: Path) -> None:
    named = check("toy@0.1.0", remote=str(remote))
    assert named.version == "toy@0.1.0"
    assert named.lines == check(str(folder_of(remote, "0.1.0"))).lines


def test_a_pulled_part_is_checked_as_that_part_and_says_so(remote: Path, tmp_path: Path) -> None:
    part = pull(str(remote), "toy@0.1.0", tmp_path / "part", selection=Selection(stages=(1,)))
    report = check(str(part), "gates")
    assert not report.files
    assert not report.judged
    assert "A part of it: " in report.summary
    (next((part / "data" / "stage1").iterdir())).unlink()
    assert any(" is missing" in line for line in check(str(part)).lines)


def damaged_page(path: Path) -> None:
    """Overwrite bytes of the first column's data, so that the footer still reads and the rows do not."""
    column = pq.ParquetFile(path).metadata.row_group(0).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    held = bytearray(path.read_bytes())
    held[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(held)


def test_a_deep_check_of_a_damaged_page_is_a_finding_beside_all_others(remote: Path, tmp_path: Path) -> None:
    folder = tmp_path / "version"
    shutil.copytree(folder_of(remote, "0.1.0"), folder)
    path = next((folder / "data" / "captions").iterdir())
    damaged_page(path)
    for target in (folder, path):
        result = run(str(target), "--deep")
        assert result.exit_code == 1
        assert path.name in result.output
        assert "captions: the file" in result.output.lower()
        assert "Traceback" not in result.output


def test_one_file_is_held_against_the_contract_of_its_table(remote: Path, tmp_path: Path) -> None:
    source = next((folder_of(remote, "0.1.0") / "data" / "captions").iterdir())
    good = run(str(source))
    assert good.exit_code == 0
    assert "One file of the table captions" in good.output
    table = pq.read_table(source, partitioning=None)
    at = table.schema.get_field_index("n_words")
    bad = table.set_column(at, table.schema.field(at), pa.array([-1] * len(table), pa.int32()))
    pq.write_table(bad, tmp_path / "bad.parquet")
    found = run(str(tmp_path / "bad.parquet"))
    assert found.exit_code == 1
    assert "n_words is below" in found.output


def test_a_file_of_no_table_needs_a_contract(remote: Path, tmp_path: Path) -> None:
    path = tmp_path / "plain.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    found = run(str(path))
    assert (found.exit_code, "--contract" in found.output) == (2, True)
    contract = Path("data_contracts/rejects.odcs.yaml").resolve()
    held = run(str(path), "--contract", str(contract))
    assert held.exit_code == 1
    assert "the column reject_id is missing" in held.output
    (tmp_path / "no.parquet").write_bytes(b"no")
    assert run(str(tmp_path / "no.parquet")).exit_code == 2


def test_changed_words_may_be_a_patch(remote: Path) -> None:
    found = run("toy@0.1.1", "--from", str(remote), "--against", "toy@0.1.0", "--format", "json")
    assert [one for one in json.loads(found.output)["against"] if one["severity"] == "error"] == []


def test_the_other_way_round_is_no_step_up_and_refused(remote: Path) -> None:
    found = run("toy@0.1.0", "--from", str(remote), "--against", "toy@0.1.1")
    assert found.exit_code == 1
    assert "toy@0.1.0 is no step up from toy@0.1.1, but the change needs a patch one: rows changed" in found.output


def test_a_file_cannot_be_compared(remote: Path) -> None:
    source = next((folder_of(remote, "0.1.0") / "data" / "captions").iterdir())
    with pytest.raises(WrongUse, match="is one file"):
        check(str(source), against="toy@0.1.0")


def difference(new: str, needs: str, drifts: list[Drift] | None = None) -> Difference:
    return Difference("toy@1.2.3", f"toy@{new}", "a", "b", needs, "because", [], drifts or [], [], 0, 0)


@pytest.mark.parametrize("needs", ["none", "patch", "minor", "major"])
@pytest.mark.parametrize(("new", "made"), [("1.2.3", 0), ("1.2.4", 1), ("1.3.0", 2), ("2.0.0", 3), ("1.2.2", 0)])
def test_a_step_that_is_smaller_than_the_change_is_refused(new: str, made: int, needs: str) -> None:
    wanted = ["none", "patch", "minor", "major"].index(needs)
    assert len(list(steps(difference(new, needs)))) == (1 if wanted > made else 0)


def test_drift_beyond_the_contract_is_a_warning_that_says_what_moved() -> None:
    contracts = load_contracts()
    limits = drift_limits(contracts)
    assert sorted(limits) == ["attributes", "captions", "conversations", "person_images"]
    far = Drift("answers of SAME_YN", limits["conversations"].max_distance + 0.1, {"Yes": (0.5, 0.75)})
    near = Drift("attribute gender", limits["attributes"].max_distance, {"male": (0.5, 0.6)})
    (found,) = drifted(difference("1.3.0", "minor", [far, near]), contracts)
    assert found.severity == "warning"
    assert "answers of SAME_YN moved by 0.25 from toy@1.2.3: Yes 50% to 75%" in found.summary


def test_the_structural_check_loads_no_heavy_library(remote: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from tasks.steps.check import check; check(sys.argv[1]);"
        "heavy = ('great_expectations', 'scipy', 'datasets', 'prefect', 'PIL', 'pandas', 'numba');"
        "print([name for name in heavy if name in sys.modules])"
    )
    folder = shutil.copytree(folder_of(remote, "0.1.0"), tmp_path / "version")
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

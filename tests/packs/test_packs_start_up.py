import subprocess
import sys
from pathlib import Path

from packs_toy import make_market

# Each costs a start-up that a plain folder of JPEGs has no use for; together they are a tenth of a second.
NEEDLESS = (
    "PIL", "generators.archives", "generators.sources.msmt17", "pandas", "pydantic", "scipy", "torch",
    "difflib", "gzip", "random", "shutil", "tarfile", "tempfile", "yaml", "zipfile",
)  # fmt: skip
NEEDLESS_AGAIN = (*NEEDLESS, "pyarrow.compute", "pyarrow.fs", "pyarrow.parquet")
INGEST = """
import sys
from pathlib import Path
from tasks.steps.ingest import ingest
out = ingest(Path(sys.argv[1]), "market1501", Path(sys.argv[2]))
print(out.facts["counts"]["images"], *sorted(sys.modules))
"""


def modules_of_an_ingest(raw: Path, store: Path) -> list[str]:
    """What a process of its own has loaded when it has brought 24 images into the store, or found them there."""
    command = [sys.executable, "-c", INGEST, str(store), str(raw)]
    images, *loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert images == "24"
    assert "generators.sources.market1501" in loaded
    return loaded


def test_a_plain_folder_of_jpegs_is_ingested_without_what_it_does_not_need(tmp_path: Path) -> None:
    raw = make_market(tmp_path / "raw")
    loaded = modules_of_an_ingest(raw, tmp_path / "store")
    assert sorted(set(NEEDLESS) & set(loaded)) == []
    assert set(NEEDLESS_AGAIN) & set(loaded)
    again = modules_of_an_ingest(raw, tmp_path / "store")
    assert sorted(set(NEEDLESS_AGAIN) & set(again)) == []

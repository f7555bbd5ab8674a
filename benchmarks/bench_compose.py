"""Composing a million rows: speed, bytes per row, memory, and the same wording by jinja2 and Python lists.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/bench_compose.py                 # a million rows, about a minute
    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/bench_compose.py --rows 100000

The pool is synthetic: 32,000 pictures of 1,000 persons in two outfits, six cameras, with attributes and captions. Time
is CPU of this process; composing and writing are counted, building the pool is shown by itself. Bars: wording at least
20 times jinja2 with Python lists, at most 120 bytes a row, 8,000,000 rows in 5 minutes on two cores, and composing and
writing together at most 4 times writing the ready tables.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from generators.composing import choose_rows, turns
from generators.pool import build_pool
from generators.wording import load_wording, render
from schemas.discovery import find
from schemas.question import Pool
from schemas.recipe import Family
from schemas.tables import CONVERSATIONS, TABLES
from tasks.versions.streaming import write_files

SHARES = {
    "ATTR_QA": 0.2, "ATTR_YN": 0.1, "CAP_SHORT": 0.1, "SAME_YN": 0.2,
    "I2I_PICK1": 0.15, "T2I_YN": 0.1, "T2I_PICK": 0.05, "CC_YN": 0.1,
}  # fmt: skip
RATIO_BAR, BYTES_BAR, SECONDS_BAR, WRITING_BAR = 20.0, 120.0, 300.0, 4.0
COLOURS = ("black", "white", "grey", "red", "green", "blue", "brown", "yellow")
TYPES = ("t_shirt", "jacket", "coat", "hoodie", "sweater", "vest")
LEGS = ("trousers", "skirt", "shorts", "dress")


def synthetic_pool(persons: int, shots: int, seed: int = 7) -> Pool:
    """The pool of `persons` people, `shots` pictures each, in two outfits, over six cameras."""
    rng = np.random.default_rng(seed)
    n = persons * shots
    person, shot = np.repeat(np.arange(persons), shots), np.tile(np.arange(shots), persons)
    camera, outfit = rng.integers(1, 7, n), shot % 2
    ids = [f"bench/train/{p:05}_c{c}s1_{s * 25 + p:06}_00.jpg" for p, c, s in zip(person, camera, shot, strict=True)]
    people = _table(
        "person_images",
        n,
        image_id=ids,
        person_key=[f"bench:{p:05}" for p in person],
        cam_key=[f"bench:c{c}" for c in camera],
        clothes_key=[f"bench:{p:05}/{o}" for p, o in zip(person, outfit, strict=True)],
        frame=(shot * 25 + person).tolist(),
        source=["bench"] * n,
        split=["train"] * n,
        role_flag=["normal"] * n,
        modality=["rgb"] * n,
        license_id=["research"] * n,
    )
    sizes = pa.table(
        {"image_id": ids, "width": pa.array([64] * n, pa.int32()), "height": pa.array([128] * n, pa.int32())}
    )
    worn = {(p, o): _outfit(rng) for p in range(persons) for o in (0, 1)}
    captions = _captions(ids, [worn[p, o] for p, o in zip(person.tolist(), outfit.tolist(), strict=True)])
    return build_pool("train", people, sizes, captions, _attributes(worn), _neighbours(rng, ids))


def _outfit(rng: np.random.Generator) -> dict[str, str]:
    return {
        "upper_color_primary": COLOURS[rng.integers(8)],
        "upper_type": TYPES[rng.integers(6)],
        "upper_sleeve": ("short", "long")[rng.integers(2)],
        "lower_color_primary": COLOURS[rng.integers(8)],
        "lower_type": LEGS[rng.integers(4)],
        "footwear_color": COLOURS[rng.integers(8)],
        "backpack": ("no", "yes")[rng.integers(2)],
        "hair_length": ("short", "long")[rng.integers(2)],
    }


def _table(name: str, n: int, **columns: list[Any]) -> pa.Table:
    schema = TABLES[name].schema
    arrays = [pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(n, f.type) for f in schema]
    return pa.Table.from_arrays(arrays, names=schema.names)


def _captions(ids: list[str], worn: list[dict[str, str]]) -> pa.Table:
    texts = [
        f"A person wears a {w['upper_color_primary']} {w['upper_type'].replace('_', '-')} and "
        f"{w['lower_color_primary']} {w['lower_type']} with {w['footwear_color']} shoes, seen as number {at % 97}."
        for at, w in enumerate(worn)
    ]
    n = len(ids)
    return _table(
        "captions",
        n,
        caption_id=[f"{image_id}#0" for image_id in ids],
        image_id=ids,
        text=texts,
        n_words=[len(text.split()) for text in texts],
        caption_source=["rule"] * n,
        style=["plain"] * n,
        language=["en"] * n,
        valid=[True] * n,
    )


def _attributes(worn: dict[tuple[int, int], dict[str, str]]) -> pa.Table:
    rows = [(f"bench:{p:05}/{o}", key, value) for (p, o), said in worn.items() for key, value in said.items()]
    n = len(rows)
    return _table(
        "attributes",
        n,
        attribute_id=[str(at) for at in range(n)],
        level=["clothes"] * n,
        clothes_key=[row[0] for row in rows],
        key=[row[1] for row in rows],
        value=[row[2] for row in rows],
        attribute_source=["human"] * n,
    )


def _neighbours(rng: np.random.Generator, ids: list[str], top_k: int = 20) -> pa.Table:
    n = len(ids) * top_k
    candidates = rng.integers(0, len(ids), n)
    names = pa.array(ids)
    return _table(
        "neighbours",
        n,
        anchor_id=names.take(pa.array(np.repeat(np.arange(len(ids)), top_k))).to_pylist(),
        rank=np.tile(np.arange(1, top_k + 1), len(ids)).tolist(),
        candidate_id=names.take(pa.array(candidates)).to_pylist(),
        distance=rng.uniform(0.1, 0.5, n).astype(np.float32).tolist(),
        miner=["bench"] * n,
    )


def cpu(job: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of this process for one job, and what it gave."""
    start = time.process_time()
    made = job()
    return time.process_time() - start, made


def compose_all(pool: Pool, rows: int, folder: Path) -> tuple[int, int, float]:
    """Compose and write every family; rows made, bytes written, CPU seconds."""
    made, size, spent = 0, 0, 0.0
    for family, share in SHARES.items():
        question = find("generators.questions", "QUESTION", family.lower())
        quota = Family(stage=question.default_stage, rows={"train": int(rows * share)}, options={"per_image": 200})
        wording, path = load_wording(family), folder / f"{family}.parquet"

        def job(family=family, question=question, quota=quota, wording=wording, path=path) -> int:
            rows = choose_rows(family, question, wording, pool, quota, 7, (50_176, 100_352))
            (written,) = write_files(CONVERSATIONS, rows.blocks(), folder, family, rows_per_file=rows.size)
            return written.rows

        seconds, count = cpu(job)
        held = path.stat().st_size
        print(f"  {family:10} {count:9,} rows {count / seconds:9,.0f} rows/s {held / max(count, 1):6.1f} bytes/row")
        made, size, spent = made + count, size + held, spent + seconds
    return made, size, spent


def writing_ready(folder: Path) -> float:
    """CPU seconds of writing again, from memory, every table of the folder."""
    spent = 0.0
    for path in sorted(folder.glob("*.parquet")):
        table = pq.read_table(path).replace_schema_metadata(None)
        spent += cpu(lambda table=table: write_files(CONVERSATIONS, [table], folder, "ready", table.num_rows))[0]
    return spent


def wording_ratio(family: str, rows: int) -> float:
    """How many times faster a family's columnar wording is than jinja2 and lists, on equal text."""
    wording, rng = load_wording(family), np.random.default_rng(7)
    chosen = rng.integers(0, len(wording.paraphrases), rows)
    keys = sorted(wording.words.get("ask", {}))
    slots = {
        name: pa.array([wording.words[name][key] for key in keys]).take(pa.array(rng.integers(0, len(keys), rows)))
        for name in ("ask", "noun")
        if name in wording.words
    }
    replies = pa.array(["Yes", "No"]).take(pa.array(rng.integers(0, 2, rows)))
    ours, made = cpu(lambda: turns(render(wording.paraphrases, chosen, slots), replies))
    columns = {name: column.to_pylist() for name, column in slots.items()}
    plain, listed = chosen.tolist(), replies.to_pylist()
    theirs, lists = cpu(lambda: by_jinja(wording.paraphrases, plain, columns, listed, made.type))
    assert lists.equals(made)
    print(f"  {family}: wording and turns {rows / ours:,.0f} rows/s, by jinja2 and lists {rows / theirs:,.0f} rows/s")
    return theirs / ours


def by_jinja(
    paraphrases: tuple[str, ...], chosen: list[int], slots: dict[str, list[str]], replies: list[str], kind: pa.DataType
) -> pa.Array:
    """The same turns by compiled jinja2 templates and one list of dicts a row."""
    templates = [jinja2.Template(text.replace("{", "{{ ").replace("}", " }}")) for text in paraphrases]
    rows = []
    for at, number in enumerate(chosen):
        text = templates[number].render({name: column[at] for name, column in slots.items()})
        rows.append([{"role": "user", "text": text}, {"role": "assistant", "text": replies[at]}])
    return pa.array(rows, kind)


def main() -> int:
    """Print every figure and its bar; exit code 1 when a bar is missed."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rows", type=int, default=1_000_000)
    chosen = arguments.parse_args()
    seconds, pool = cpu(lambda: synthetic_pool(1_000, 32))
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"pool of {pool.size:,} pictures: {seconds:.1f} CPU s, {base:,.0f} MB")
    with tempfile.TemporaryDirectory() as folder:
        made, size, spent = compose_all(pool, chosen.rows, Path(folder))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        writing = spent / writing_ready(Path(folder))
    eight = 8_000_000 / made * spent / 2
    print(f"{made:,} rows in {spent:.1f} CPU s: {made / spent:,.0f} rows per CPU second, peak {peak:,.0f} MB")
    print(f"{size / made:.1f} bytes per row (bar {BYTES_BAR:.0f})")
    print(f"8,000,000 rows on two cores: {eight:.0f} s (bar {SECONDS_BAR:.0f})")
    print(f"composing and writing: {writing:.1f} times writing the ready tables (bar {WRITING_BAR:.0f})")
    ratio = min(wording_ratio(family, min(200_000, chosen.rows)) for family in ("SAME_YN", "ATTR_QA"))
    print(f"wording: {ratio:.1f} times jinja2 and lists (bar {RATIO_BAR:.0f})")
    return int(size / made > BYTES_BAR or eight > SECONDS_BAR or ratio < RATIO_BAR or writing > WRITING_BAR)


if __name__ == "__main__":
    sys.exit(main())

"""The generation store: what is kept, what is reused, and what a crash may cost."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from schemas.backend import Answer
from schemas.errors import BadTable, NotWritable
from schemas.keys import digest
from tasks.generations.store import GenerationStore


def key(number: int) -> str:
    return digest(number)


def answers(numbers: range, text: str = "text") -> dict[str, Answer]:
    return {key(n): Answer(text=f"{text} {n}", completion_tokens=n) for n in numbers}


def test_what_was_put_is_got_back_by_another_opening(tmp_path: Path):
    with GenerationStore(tmp_path) as store:
        assert store.put(answers(range(1_200))) == {}
    with GenerationStore(tmp_path) as store:
        assert store.get(map(key, range(1_300))) == answers(range(1_200))


def test_the_first_answer_stays(tmp_path: Path):
    with GenerationStore(tmp_path) as store, GenerationStore(tmp_path) as other:
        store.put(answers(range(3), "first"))
        assert other.put(answers(range(2, 4), "second")) == answers(range(2, 3), "first")
        assert store.get([key(2), key(3)]) == answers(range(2, 3), "first") | answers(range(3, 4), "second")


def test_only_ok_is_a_hit_and_failures_are_remembered_in_order(tmp_path: Path):
    refused, invalid = Answer(text="", status="refused", detail="policy"), Answer(text="{", status="invalid")
    with GenerationStore(tmp_path) as store:
        for failure in (refused, invalid):
            store.put({key(1): failure})
        assert store.get([key(1)]) == {}
        assert store.attempts([key(1), key(2)]) == {key(1): [refused, invalid]}
        store.compact()
        store.put({key(1): refused})
        store.put(answers(range(1, 2)))
        assert store.get([key(1)]) == answers(range(1, 2))
        assert store.attempts([key(1)]) == {key(1): [refused, invalid, refused]}


def test_compacting_moves_everything_into_one_sorted_segment_and_nothing_is_lost(tmp_path: Path):
    with GenerationStore(tmp_path) as store, GenerationStore(tmp_path) as other:
        store.put(answers(range(9_000)))
        assert store.compact() is not None
        assert store.compact() is None
        store.put(answers(range(9_000, 9_010)))
        assert other.get(map(key, range(9_010))) == answers(range(9_010))
        assert other.put(answers(range(5), "later")) == answers(range(5))
        assert store.get([]) == {}


def test_equal_content_makes_equal_segments_whatever_the_order(tmp_path: Path):
    made = []
    for name, numbers in (("a", range(50)), ("b", range(49, -1, -1))):
        with GenerationStore(tmp_path / name) as store:
            for n in numbers:
                store.put(answers(range(n, n + 1)))
            made.append(store.compact())
    assert [path and (path.name, path.read_bytes()) for path in made[:1]] == [
        path and (path.name, path.read_bytes()) for path in made[1:]
    ]


def test_a_row_whose_checksum_fails_is_a_miss_and_is_replaced(tmp_path: Path):
    with GenerationStore(tmp_path) as store:
        store.put(answers(range(2)))
    with sqlite3.connect(tmp_path / "hot.sqlite") as file:
        file.execute("UPDATE answers SET text = 'tampered' WHERE key = ?", (key(0),))
    file.close()
    with GenerationStore(tmp_path) as store:
        assert store.get([key(0), key(1)]) == answers(range(1, 2))
        store.put(answers(range(1), "again"))
        assert store.get([key(0)]) == answers(range(1), "again")


def test_a_torn_log_is_set_aside_and_what_it_still_holds_is_recovered(tmp_path: Path):
    with GenerationStore(tmp_path) as store:
        store.put(answers(range(2_000)))
    log = tmp_path / "hot.sqlite"
    log.write_bytes(log.read_bytes()[: log.stat().st_size * 2 // 3])
    with GenerationStore(tmp_path) as store:
        found = store.get(map(key, range(2_000)))
        assert 500 < len(found) < 2_000
        assert found.items() <= answers(range(2_000)).items()
        store.put(answers(range(2_000)))
        assert store.get(map(key, range(2_000))) == answers(range(2_000))
    assert (tmp_path / "hot.sqlite-damaged-1").is_file()


def test_a_file_that_is_no_log_is_set_aside(tmp_path: Path):
    (tmp_path / "hot.sqlite").write_bytes(b"<html>not a database</html>" * 100)
    with GenerationStore(tmp_path) as store:
        store.put(answers(range(1)))
        assert store.get([key(0)]) == answers(range(1))


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ("CREATE TABLE generations (key TEXT, text TEXT)", "the tables answers, generations, spent"),
        ("ALTER TABLE answers ADD COLUMN more TEXT", "the tables answers, spent"),
        ("PRAGMA user_version = 2", "format 2"),
    ],
)
def test_a_log_of_another_release_is_refused_and_left_as_it_is(tmp_path: Path, change: str, shown: str):
    with GenerationStore(tmp_path) as store:
        store.put(answers(range(3)))
    with sqlite3.connect(tmp_path / "hot.sqlite") as file:
        file.execute(change)
    file.close()
    before = (tmp_path / "hot.sqlite").read_bytes()
    with pytest.raises(BadTable, match=f"was written by another release of ReIDForge: it has {shown}, and"):
        GenerationStore(tmp_path)
    assert (tmp_path / "hot.sqlite").read_bytes() == before


def test_a_log_from_before_its_format_was_written_down_is_read(tmp_path: Path):
    with GenerationStore(tmp_path) as store:
        store.put(answers(range(3)))
    with sqlite3.connect(tmp_path / "hot.sqlite") as file:
        file.execute("PRAGMA user_version = 0")
    file.close()
    with GenerationStore(tmp_path) as store:
        assert store.get(map(key, range(3))) == answers(range(3))


def test_a_torn_write_ahead_log_costs_its_tail_only(tmp_path: Path):
    writer = GenerationStore(tmp_path)
    for n in range(20):
        writer.put(answers(range(n * 10, n * 10 + 10)))
    copy = tmp_path / "copy"
    copy.mkdir()
    wal = (tmp_path / "hot.sqlite-wal").read_bytes()
    (copy / "hot.sqlite").write_bytes((tmp_path / "hot.sqlite").read_bytes())
    (copy / "hot.sqlite-wal").write_bytes(wal[: len(wal) - 5_000])
    with writer, GenerationStore(copy) as store:
        found = len(store.get(map(key, range(200))))
    assert 0 < found < 200
    assert found % 10 == 0


def test_a_damaged_segment_is_named(tmp_path: Path):
    with GenerationStore(tmp_path) as store:
        store.put(answers(range(10)))
        path = store.compact()
        assert path is not None
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(BadTable, match=f"The segment '{path.name}' of the generation store cannot be read"):
            store.get([key(1)])


def test_a_place_that_cannot_be_a_store_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritable, match="cannot be opened"):
        GenerationStore(tmp_path / "file")


WRITER = """
import sys
from pathlib import Path
from schemas.backend import Answer
from schemas.keys import digest
from tasks.generations.store import GenerationStore
folder, begin, stop, name = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
with GenerationStore(folder) as store:
    for group in range(begin, stop):
        first = store.put({digest(n): Answer(text=f"{name} {n}") for n in range(group * 10, group * 10 + 10)})
        if group % 7 == 3:
            store.compact()
        print(group, len(first), flush=True)
"""


def writer(folder: Path, begin: int, stop: int, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder), str(begin), str(stop), name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_agree_on_one_answer_per_key_while_both_compact(tmp_path: Path):
    running = [writer(tmp_path, 0, 40, "a"), writer(tmp_path, 20, 60, "b")]
    printed = [process.communicate(timeout=600)[0].splitlines() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    dropped = sum(int(line.split()[1]) for lines in printed for line in lines)
    with GenerationStore(tmp_path) as store:
        found = store.get(map(key, range(600)))
    assert len(found) == 600
    assert dropped == 200
    assert all(found[key(n)].text.split()[0] == "a" for n in range(200))


def test_a_killed_writer_loses_nothing_it_had_committed(tmp_path: Path):
    process = writer(tmp_path, 0, 100_000, "a")
    assert process.stdout is not None
    for _ in range(30):
        process.stdout.readline()
    time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    rest, _ = process.communicate()
    committed = max([29, *(int(line.split()[0]) for line in rest.splitlines() if line.endswith(" 0"))])
    with GenerationStore(tmp_path) as store:
        assert len(store.get(map(key, range(committed * 10 + 10)))) == committed * 10 + 10
        assert len(store.get(map(key, range(committed * 10 + 40)))) % 10 == 0

from flows.reporter import Reporter, duration


def test_a_step_says_its_name_time_and_closing_words_on_stderr(capsys):
    with Reporter().step("ingest") as close:
        close("12 images")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.split() == ["ingest", "0.0", "s", "12", "images"]


def test_a_quiet_reporter_says_nothing(capsys):
    reporter = Reporter(quiet=True)
    with reporter.step("ingest") as close, reporter.progress("train") as update:
        close("12 images")
        update(1, 2, "")
    assert capsys.readouterr().err == ""


def test_elsewhere_than_on_a_terminal_progress_is_a_line_now_and_then(capsys, monkeypatch):
    clock = iter(float(second) for second in range(0, 1000, 6))
    monkeypatch.setattr("flows.reporter.time.perf_counter", lambda: next(clock))
    with Reporter().progress("train") as update:
        for done in range(1, 6):
            update(done, 10, "steps")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0].split()[:3] == ["train", "2/10", "steps"]
    assert lines[0].endswith("(0.2/s, about 48 s left)")


def test_times_are_said_in_the_unit_that_fits():
    assert [duration(seconds) for seconds in (3, 89, 90, 1_500, 5_400, 9_000)] == [
        "about 3 s",
        "about 89 s",
        "about 2 min",
        "about 25 min",
        "about 90 min",
        "about 2.5 h",
    ]

import json

from tasks.report.findings import loss_charts, loss_lines


def test_each_loss_is_a_line_averaged_over_windows():
    points = [{"step": step, "SAME_YN": float(step % 2)} for step in range(1, 601)]
    (line,) = loss_lines(points)
    assert line.name == "SAME_YN"
    assert len(line.points) == 60
    assert {round(value, 6) for _, value in line.points} == {0.5}
    assert line.points[-1][0] == 600


def test_a_family_that_joins_late_has_a_shorter_line():
    lines = loss_lines([{"step": 1, "a": 1.0}, {"step": 2, "a": 0.5, "b": 2.0}])
    assert {line.name: len(line.points) for line in lines} == {"a": 2, "b": 1}


def test_charts_are_made_per_stage_and_none_without_a_checkpoint(tmp_path):
    (tmp_path / "losses.json").write_text(json.dumps({"stage1": [{"step": 1, "x": 1.0}], "stage2": []}))
    assert [chart.title for chart in loss_charts(tmp_path / "stage3")] == ["stage1"]
    assert loss_charts(None) == []

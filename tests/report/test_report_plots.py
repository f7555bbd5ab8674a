import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from tasks.report.plots import Series, line_chart, ticks


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_few_round_and_inside_the_range(low, width):
    found = ticks(low, low + width)
    assert 1 <= len(found) <= 7
    assert all(low - width * 1e-6 <= value <= low + width * (1 + 1e-6) for value in found)


def test_a_chart_is_well_formed_and_escapes_names():
    chart = line_chart([Series("<b>&", [(0, 0.1), (1, 0.5)]), Series("two", [(0, 0.2), (1, 0.9)])], "step", "loss")
    figure = ET.fromstring(str(chart))
    assert [key.text for key in figure.iter("li")] == ["<b>&", "two"]
    assert len(list(figure.iter("polyline"))) == 2


def test_a_chart_without_points_is_nothing():
    assert line_chart([], "x", "y") == ""
    assert line_chart([Series("gone", [(0, float("nan"))])], "x", "y") == ""

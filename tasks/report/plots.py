"""Line and bar charts as inline SVG. Colours come from the page's style sheet, so that they follow a dark room."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_WIDTH, _HEIGHT = 560, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 10, 34


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart: a name and (x, y) points."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class _Scale:
    x: tuple[float, float]
    y: tuple[float, float]

    def place(self, x: float, y: float) -> tuple[float, float]:
        width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
        across = (x - self.x[0]) / ((self.x[1] - self.x[0]) or 1)
        up = (y - self.y[0]) / ((self.y[1] - self.y[0]) or 1)
        return round(_LEFT + across * width, 1), round(_TOP + (1 - up) * height, 1)


def line_chart(series: Sequence[Series], x_label: str, y_label: str, y: tuple[float, float] | None = None) -> Markup:
    """Lines with axes and a legend. `y` fixes the vertical range; without it the range covers the points."""
    points = [point for one in series for point in one.points if math.isfinite(point[1])]
    if not points:
        return Markup("")
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    scale = _Scale((min(xs), max(xs)), y or (min(0.0, min(ys)), max(ys)))
    parts = [_axes(scale, x_label, y_label)]
    parts += [_line(scale, number, one) for number, one in enumerate(series)]
    legend = "".join(
        f'<li class="key k{number % 6}">{escape(one.name)}</li>' for number, one in enumerate(series)
    )
    label = escape(f"{y_label} by {x_label}")
    body = "".join(parts)
    return Markup(  # noqa: S704  every text above went through escape
        f'<figure class="chart"><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">{body}</svg>'
        f'<ul class="legend">{legend}</ul></figure>'
    )


def _line(scale: _Scale, number: int, series: Series) -> str:
    spots = [scale.place(x, y) for x, y in series.points if math.isfinite(y)]
    path = " ".join(f"{x},{y}" for x, y in spots)
    return f'<polyline class="line k{number % 6}" points="{path}"/>'


def _axes(scale: _Scale, x_label: str, y_label: str) -> str:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = [f'<path class="axis" d="M{_LEFT},{_TOP}V{bottom}H{right}"/>']
    for value in ticks(*scale.y):
        _, y = scale.place(scale.x[0], value)
        parts.append(f'<path class="grid" d="M{_LEFT},{y}H{right}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{value:g}</text>')
    for value in ticks(*scale.x):
        x, _ = scale.place(value, scale.y[0])
        parts.append(f'<text class="tick" x="{x}" y="{bottom + 14}" text-anchor="middle">{value:g}</text>')
    parts.append(f'<text class="tick" x="{right}" y="{_HEIGHT - 4}" text-anchor="end">{escape(x_label)}</text>')
    parts.append(f'<text class="tick" x="{_LEFT + 6}" y="{_TOP + 10}">{escape(y_label)}</text>')
    return "".join(parts)


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers across a range: multiples of 1, 2 or 5 times a power of ten."""
    if high <= low:
        return [low]
    raw = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)
    first = math.ceil(low / step)
    return [round(k * step, 10) for k in range(first, math.floor(high / step + 1e-9) + 1)]

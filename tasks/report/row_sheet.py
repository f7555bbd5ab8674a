"""Sample rows as one picture: for terminals and mail, where no page opens."""

import io
import re
from collections.abc import Iterator, Sequence
from textwrap import wrap

from PIL import Image, ImageDraw, ImageFont

from tasks.report.samples import Picture, Sample

_WIDTH = 900
_EDGE = 12
_LINE = 16
_TILE = (64, 128)
_ACROSS = 108
_LETTERS = 124
_NOTE = 19
_PAPER, _INK, _SOFT, _WARN = (251, 251, 249), (29, 33, 41), (90, 99, 114), (154, 103, 0)
# The built-in letters have no angle brackets.
_BRACKETS = str.maketrans("⟨⟩“”", '[]""')
_MINER = re.compile(r"(?<=\d) of .*")
KINDS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
Colour = tuple[int, int, int]


def row_sheet(samples: Sequence[Sample], ending: str = ".png") -> bytes:
    """The samples below each other, 900 pixels wide: pictures with number, role and reason, then the words."""
    blocks = [_block(sample) for sample in samples]
    sheet = Image.new("RGB", (_WIDTH, sum(block.height for block in blocks) + _EDGE), _PAPER)
    top = 0
    for block in blocks:
        sheet.paste(block, (0, top))
        top += block.height
    out = io.BytesIO()
    sheet.save(out, KINDS[ending], quality=88)
    return out.getvalue()


def _block(sample: Sample) -> Image.Image:
    """One sample: its pictures in rows of eight, its words, and where it is from."""
    lines = list(_lines(sample))
    rows = -(-len(sample.pictures) // _per_row())
    high = _TILE[1] + 3 * _LINE + _EDGE
    block = Image.new("RGB", (_WIDTH, _EDGE + rows * high + (len(lines) + 1) * _LINE), _PAPER)
    draw = ImageDraw.Draw(block)
    for place, picture in enumerate(sample.pictures):
        at = _EDGE + place % _per_row() * _ACROSS, _EDGE + place // _per_row() * high
        _draw_picture(block, draw, picture, at)
    for number, (line, colour) in enumerate(lines):
        draw.text((_EDGE, _EDGE + rows * high + number * _LINE), line, fill=colour, font=_font(13))
    draw.line((0, block.height - 4, _WIDTH, block.height - 4), fill=(220, 223, 228))
    return block


def _per_row() -> int:
    return (_WIDTH - _EDGE) // _ACROSS


def _draw_picture(block: Image.Image, draw: ImageDraw.ImageDraw, picture: Picture, at: tuple[int, int]) -> None:
    tile = Image.open(io.BytesIO(picture.encoded)).convert("RGB")
    tile.thumbnail(_TILE)
    block.paste(tile, at)
    below = at[1] + _TILE[1] + 2
    notes = [(f"{picture.number} {picture.role}", _INK), (f"{picture.source} {picture.camera}", _SOFT)]
    notes += [(line, _WARN) for line in wrap(_MINER.sub("", picture.why), _NOTE)[:2]]
    for place, (note, colour) in enumerate(notes):
        draw.text((at[0], below + place * 12), note, fill=colour, font=_font(10))


def _lines(sample: Sample) -> Iterator[tuple[str, Colour]]:
    for role, text in sample.turns:
        said = "» " if role == "assistant" else ""
        for line in text.translate(_BRACKETS).splitlines():
            yield from ((piece, _INK) for piece in wrap(said + line, _LETTERS))
            said = "  " if said else ""
    for reason in sample.reasons:
        yield from ((piece, _WARN) for piece in wrap(reason.translate(_BRACKETS), _LETTERS))
    origin = ", ".join(sample.sources)
    yield f"stage {sample.stage} {sample.family} · {sample.split} · {sample.subtask} · {origin}", _SOFT
    yield f"wording {sample.wording} · {sample.sample_id}", _SOFT


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)

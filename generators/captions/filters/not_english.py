"""Writing of other languages, or the escapes that it left behind."""

import re

from generators.captions.plain_texts import LETTERS, PLAIN, texts
from schemas.filter import Filter, Said

_ESCAPE = re.compile(r"\\?u[0-9a-f]{4}\b|\\x[0-9a-f]{2}", re.IGNORECASE)
_FOREIGN = re.compile(r"[^\W\d_\u0000-\u024F]")


def _score(said: Said) -> float:
    text = said.text
    if text.isascii() and LETTERS.fullmatch(text):
        return 0.0
    return float(_FOREIGN.search(text) is not None or _ESCAPE.search(text) is not None)


FILTER = Filter(
    name="not_english",
    blocks=True,
    score=_score,
    good=(PLAIN, *texts("She stands before a café in a beige coat.")),
    bad=texts("一个男人穿着黑色外套。", "A man \\u4e00 in black walks.", "Мужчина в чёрном пальто идёт."),
)

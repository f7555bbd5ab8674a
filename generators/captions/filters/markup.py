"""Tags, entities, markdown and addresses: what belongs to a page or a prompt and not to a sentence."""

import re

from generators.captions.plain_texts import PLAIN, holds, texts
from schemas.filter import Filter, Said

_MARKUP = re.compile(
    r"[<>`\\|]|&[a-z]+;|&#\d+;|\*\*|~~|^#+ |(?<![\w*])[*_]{1,2}[A-Za-z][^*_]*[*_]{1,2}(?!\w)|^[-*•] |^\d[.)] .*\b2[.)] "
)
_ITEMS = re.compile(r"^\s*(?:#+|[-*•]|\d{1,2}[.)])\s+\S", re.MULTILINE)
_in_text = holds(_MARKUP, ("http", "www."))


def _score(said: Said) -> float:
    return max(_in_text(said), float(said.raw is not None and _ITEMS.search(said.raw) is not None))


FILTER = Filter(
    name="markup",
    blocks=True,
    score=_score,
    good=(
        PLAIN,
        *texts("A t-shirt & jeans on a man's body.", "A man in a #10 jersey and a well-cut coat."),
        Said("A man in a coat. He walks.", raw="A man in a coat.\nHe walks."),
    ),
    bad=(
        *texts("<image> A man in black.", "A man &amp; a bag.", "**Upper:** a coat.", "See https: for more."),
        *texts("A man in a *black* coat.", "## Upper body: a coat.", "1. A man in a coat. 2. He carries a bag."),
        Said("A man in a coat - He carries a bag.", raw="- A man in a coat\n- He carries a bag"),
    ),
)

"""Tags, entities, markdown and addresses: what belongs to a page or a prompt and not to a sentence."""

import re

from generators.captions.plain_texts import PLAIN, holds, texts
from schemas.filter import Filter

_MARKUP = re.compile(r"[<>`\\|]|&[a-z]+;|&#\d+;|\*\*")

FILTER = Filter(
    name="markup",
    blocks=True,
    score=holds(_MARKUP, ("http", "www.")),
    good=(PLAIN, *texts("A t-shirt & jeans on a man's body.")),
    bad=texts("<image> A man in black.", "A man &amp; a bag.", "**Upper:** a coat.", "See https: for more."),
)

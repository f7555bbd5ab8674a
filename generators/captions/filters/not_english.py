"""Writing of other languages: other scripts, the escapes that they left behind, and words that English has not."""

import re

from generators.captions.lexicon_words import KNOWN
from generators.captions.plain_texts import PLAIN, texts
from schemas.filter import Filter, Said

_ESCAPE = re.compile(r"\\?u[0-9a-f]{4}\b|\\x[0-9a-f]{2}", re.IGNORECASE)
_FOREIGN = re.compile(r"[^\W\d_\u0000-\u024F]")
_WORD = re.compile(r"[^\W\d_]+")
_ENGLISH = KNOWN | frozenset(
    (
        *("a", "an", "the", "and", "with", "in", "of", "on", "is", "are", "has", "have", "to", "his", "her", "he"),
        *("she", "it", "they", "their", "that", "this", "at", "by", "for", "from", "over", "as", "was", "wears"),
        *("wearing", "carries", "carrying", "walking", "standing", "who", "which", "there", "be", "can", "i", "saw"),
    )
)
_LEAST_KNOWN, _LEAST_WORDS = 0.3, 5
_OF_OTHERS = frozenset(
    (
        *("ein", "eine", "einen", "einem", "einer", "und", "mit", "trägt", "mann", "frau", "mantel", "roten"),
        *("homme", "femme", "avec", "une", "portant", "noir", "noire", "bleu", "manteau", "pantalon"),
        *("hombre", "mujer", "pantalones", "abrigo", "camisa", "lleva", "negro", "negra", "rojo", "azules"),
        *("homem", "mulher", "casaco", "calças", "uomo", "donna", "giacca", "indossa", "een", "zwarte", "broek"),
        *("och", "svart", "jacka", "kobieta", "seorang", "pria", "wanita", "dengan", "celana"),
    )
)


def _score(said: Said) -> float:
    text = said.text
    if not text.isascii() and _FOREIGN.search(text) is not None:
        return 1.0
    words = _WORD.findall(text.lower())
    known = sum(word in _ENGLISH for word in words)
    if len(words) >= _LEAST_WORDS and known < _LEAST_KNOWN * len(words):
        return 1.0
    if known < len(words) and sum(word in _OF_OTHERS for word in words) > 1:
        return 1.0
    return float(_ESCAPE.search(text) is not None)


FILTER = Filter(
    name="not_english",
    blocks=True,
    score=_score,
    good=(
        PLAIN,
        *texts(
            "She stands before a café in a beige coat.",
            "Man, black coat, blue jeans, backpack, short hair.",
            "A woman in a façade-print dress and a kimono-like robe.",
        ),
    ),
    bad=texts(
        "一个男人穿着黑色外套。",
        "A man \\u4e00 in black walks.",
        "Мужчина в чёрном пальто идёт.",
        "Ein Mann in einem schwarzen Mantel und blauen Jeans.",
        "Un homme portant un manteau noir et un jean bleu.",
        "Una mujer con un abrigo rojo y pantalones negros.",
        "The woman trägt einen roten Mantel and black boots.",
    ),
)

"""A model that declines, apologises or speaks of itself instead of describing."""

import re

from generators.captions.plain_texts import PLAIN, texts
from schemas.filter import Filter, Said

_PHRASES = (
    r"i(?:'m| am) (?:sorry|afraid|unable|not able|not comfortable|an ai|a language model|just an)",
    r"i (?:can(?:'t|not| not)|won't|could not|do not|don't) (?:\w+ )?(?:help|assist|identify|provide|describe|comply)",
    r"i (?:can(?:'t|not| not)|could not|couldn't|do not|don't) (?:\w+ )?(?:answer|see|view|determine)",
    r"i (?:won't|will not|would not) be able",
    r"i (?:do not|don't) have (?:the )?(?:ability|access|permission)",
    r"i (?:must|have to|would) (?:decline|need the)",
    r"i (?:apologi[sz]e|regret)",
    r"(?:my|our) apologies",
    r"sorry, (?:but )?i\b",
    r"as an? (?:ai|language model|assistant)",
    r"no image (?:was|is|has been) (?:\w+ )?(?:given|provided|attached|uploaded|included|shared|found|available)",
    r"no (?:person|people|individual)(?: is| are)?(?: can)?(?: be)? (?:visible|seen|shown|present)",
    r"(?:picture|image|photo)(?: \w+)? (?:does not|doesn't) (?:show|contain|include) (?:any|a)"
    r" (?:\w+ )?(?:person|people)",
    r"too (?:blurry|dark|small|unclear|low) to (?:see|tell|describe|identify|determine|make)",
    r"it(?:'s| is) (?:impossible|not possible) to (?:see|tell|describe|identify|determine|say|make)",
    r"unable to (?:view|see|process|identify|describe)",
    r"against (?:my|our) (?:policy|guidelines)",
    r"please (?:provide|upload|share)",
)
_REFUSAL = re.compile(rf"\b(?:{'|'.join(_PHRASES)})\b", re.IGNORECASE)


def _score(said: Said) -> float:
    return float(_REFUSAL.search(said.text.replace("’", "'")) is not None)


FILTER = Filter(
    name="refusal",
    blocks=True,
    score=_score,
    made_only=True,
    good=(
        PLAIN,
        *texts(
            "I saw a man in a coat and jeans.",
            "I could make out a beard and glasses on him.",
            "I can see a man in a blue jacket and trousers.",
            "No image was printed on the white T-shirt that he wears.",
            "His shirt reads SORRY in white letters.",
        ),
    ),
    bad=texts(
        "I'm sorry, but I can't help with that request.",
        "As an AI language model, I do not see pictures.",
        "I cannot identify people in images like this one.",
        "Unfortunately no image was given, please upload one.",
        "It is not possible to determine what he wears.",
        "The image is too blurry to describe the person.",
        "There is no person visible in this picture.",
        "I must decline to describe the person shown.",
    ),
)

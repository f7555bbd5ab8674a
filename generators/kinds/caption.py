"""Captions of one image, in a fixed or varied instruction, a length, a manner, or of the body alone.

`static` is one plain instruction. `dynamic` shows one of the sentence patterns of generators/captions/templates.yaml to
follow, so that captions do not all sound alike. Pictures without colour are asked without colours, and rules leave
them out.
"""

from collections.abc import Mapping

from generators.captions.captioner import BODILY, FIVE, caption, sentences, spelt
from generators.prompts import joined, named, prompts
from generators.raw_answers import plain
from schemas.kind import Example, Kind, Parsed, Prompt, Refusal, Subject, Text

_NAME = "caption"


def _prompt(subject: Subject, style: str, seed: int) -> Prompt:
    declared = prompts(_NAME)
    asks = declared["styles"][style]["ask"]
    ask, number = asks[seed % len(asks)], None
    if style == "dynamic":
        patterns = sentences()[style]
        number = (seed >> 8) % len(patterns)
        ask = ask.replace("{template}", spelt(patterns[number], FIVE))
    bodily = style == BODILY
    content = declared["body" if bodily else "wanted"]
    dark = declared["colourless_body" if bodily else "colourless"] if subject.colourless else ""
    text = joined(ask, content, declared["rules"], dark)
    return Prompt(text, named(_NAME, style, number))


def _facts(subject: Subject) -> Mapping[str, str]:
    return subject.facts


def _parse(raw: str, subject: Subject, style: str) -> Parsed:
    text = " ".join(plain(raw).split())
    low, high = prompts(_NAME)["styles"][style]["words"]
    words = len(text.split())
    if not low <= words <= high:
        return Refusal("word_bounds", f"The caption has {words} words; the style {style!r} takes {low} to {high}.")
    return (Text(text),)


_SAID = "A woman with long black hair is wearing a red coat and blue jeans."
KIND = Kind(
    title="Captions of one image",
    images=1,
    table="captions",
    styles=tuple(prompts(_NAME)["styles"]),
    sampling={"temperature": 0.7, "top_p": 0.9, "max_tokens": 256},
    prompt=_prompt,
    facts=_facts,
    by_rule=caption,
    parse=_parse,
    examples=(
        Example(raw=_SAID, style="static", gives=1),
        Example(raw=f'Description: "{_SAID}"', style="static", gives=1),
        Example(raw=f"```\n{_SAID}\n```", style="plain", gives=1),
        Example(raw="", style="static", gives="word_bounds"),
        Example(raw="A woman.", style="long", gives="word_bounds"),
        Example(raw=f"{_SAID} " * 5, style="brief", gives="word_bounds"),
    ),
)

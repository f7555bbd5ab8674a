"""Made captions should not all sound alike: the variety of their openings and of their pairs of words, per model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from generators.captions.captioner import caption
from generators.captions.spread import Spread, spread
from schemas.gate import Gate, ToyStaged, Verdict
from tasks.checking.blocks import Block
from tasks.checking.captions import drawn_of, made, sample
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.toy import toy_rows, toy_staged


@dataclass(frozen=True)
class _Variety:
    """Entropy of openings and share of distinct word pairs against their floors, on `sample` captions of each model."""

    staged: Memory
    parameters: Mapping[str, Any]

    def seen(self, block: Block) -> dict[str, pa.Table]:
        """A sample of the captions of each writer."""
        writer, mine = block.words("caption_source"), made(block)
        return {
            str(writer.values[code].as_py()): sample(block, mine & (writer.codes == code), self.parameters["sample"])
            for code in np.unique(writer.codes[mine]).tolist()
        }

    def verdict(self, seen: Sequence[Mapping[str, pa.Table]]) -> Verdict:
        found = {name: self._measured(name, seen) for name in sorted({name for one in seen for name in one})}
        return self._judged({name: each for name, each in found.items() if each is not None})

    def _measured(self, writer: str, seen: Sequence[Mapping[str, pa.Table]]) -> Spread | None:
        """The variety of a writer's captions; None where there are too few of them."""
        most = self.parameters["sample"]
        drawn = drawn_of([one[writer] for one in seen if writer in one], most)
        return spread(drawn["text"]) if drawn.num_rows >= most else None

    def _judged(self, found: Mapping[str, Spread]) -> Verdict:
        low_bits, low_pairs = self.parameters["min_opening_bits"], self.parameters["min_distinct_pairs"]
        failing = [
            name for name, each in found.items() if each.opening_bits < low_bits or each.distinct_pairs < low_pairs
        ]
        words = (
            f"{name}: openings of {each.opening_bits:.1f} bits, {each.distinct_pairs:.1%} of word pairs distinct"
            for name, each in found.items()
        )
        return Verdict(
            passed=not failing,
            figure=round(min((each.opening_bits for each in found.values()), default=0.0), 6),
            summary="; ".join(words) or "too few made captions to judge",
            failing=tuple(failing),
            remedy="Ask for more styles (describe.styles), use the style `dynamic`, or ask a second model.",
        )


def _toy(varied: bool) -> ToyStaged:
    rows = toy_rows(52)
    facts = {"gender_presentation": "feminine", "upper_type": "coat", "lower_type": "jeans", "hair_length": "long"}
    for number, row in enumerate(rows["captions"]):
        row["caption_source"] = "rule"
        row["text"] = str(caption(facts, "dynamic", number + (number << 20) if varied else 0))
    return toy_staged(rows)


def _good() -> ToyStaged:
    return _toy(varied=True)


def _bad() -> ToyStaged:
    return _toy(varied=False)


GATE = Gate(
    title="Variety of made captions", severity="warning", check=OverBlocks(_Variety, "captions"), good=_good, bad=_bad
)

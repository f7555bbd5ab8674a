"""The tiny model's tokenizer: byte-level BPE trained on the spot, and dialogues as token ids.

A dialogue is `<|im_start|>words pictures<|im_end|>answer<|im_end|>`; a picture is its number, `<|vision_start|>`, one
`<|image_pad|>` per visual token, `<|vision_end|>`. Byte-level means that no text is out of vocabulary.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.answers import markers
from tasks.training.data import Sample

SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>",
    "<|video_pad|>",
)  # fmt: skip
PAD, START, END, SEE, SEEN, IMAGE, VIDEO = range(len(SPECIAL))
SPECIAL_IDS = {
    "pad": PAD, "end": END, "image": IMAGE, "video": VIDEO, "vision_start": SEE, "vision_end": SEEN,
}  # fmt: skip
_MARKER = re.compile(r"\[\[image:\d+\]\]")
CHAT_TEMPLATE = (
    "{% for message in messages %}{% if message.role == 'user' %}<|im_start|>"
    "{% if message.content is string %}{{ message.content }}{% else %}"
    "{% for part in message.content if part.type == 'text' %}{{ part.text }}{% endfor %}"
    "{% for part in message.content if part.type == 'image' %}"
    " {{ loop.index }}<|vision_start|><|image_pad|><|vision_end|>{% endfor %}"
    "{% endif %}<|im_end|>{% else %}{{ message.content }}<|im_end|>{% endif %}{% endfor %}"
)


@dataclass(frozen=True, slots=True)
class Encoded:
    """One dialogue as ids: everything from `answer_at` on is learnt; `images` are picture numbers in order."""

    ids: npt.NDArray[np.int64]
    answer_at: int
    images: tuple[int, ...]
    family: str


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Any:
    """A byte-level BPE of at most this many tokens; the same texts in any order give the same tokenizer."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sorted(texts), trainer)
    return tokenizer


def save_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Write the tokenizer as the files that `AutoTokenizer` reads, with the chat template of this module."""
    from transformers import PreTrainedTokenizerFast

    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=SPECIAL[PAD],
        eos_token=SPECIAL[END],
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    ).save_pretrained(folder)


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a checkpoint. Raises OSError when there is none, ValueError when it is not JSON."""
    from tokenizers import Tokenizer

    return Tokenizer.from_str(json.dumps(json.loads((folder / "tokenizer.json").read_bytes())))


def words_of(sample: Sample) -> str:
    """The text of a prompt: its markers taken out, blanks evened."""
    return " ".join(_MARKER.sub(" ", sample.prompt).split())


def texts_of(samples: Iterable[Sample]) -> set[str]:
    """Every text that samples show or answer, without the image markers."""
    found: set[str] = set()
    for sample in samples:
        found.update((words_of(sample), sample.answer))
    return found


def encode(tokenizer: Any, samples: Sequence[Sample], visual_tokens: int) -> list[Encoded]:
    """Samples as ids: the words of a prompt, then its pictures in the order of their markers, each behind its number.

    Pictures come last so that their tokens can look at the words, whatever the wording, and lie next to each other.
    """
    most = max((len(sample.images) for sample in samples), default=0)
    texts = {text for sample in samples for text in (words_of(sample), sample.answer)}
    pieces = sorted(texts | {f" {number}" for number in range(1, most + 1)})
    ids = dict(zip(pieces, (found.ids for found in tokenizer.encode_batch(pieces)), strict=True))
    picture = [SEE, *[IMAGE] * visual_tokens, SEEN]
    return [_encode(sample, ids, picture) for sample in samples]


def _encode(sample: Sample, ids: dict[str, list[int]], picture: list[int]) -> Encoded:
    numbers = markers(sample.prompt)
    tokens = [START, *ids[words_of(sample)]]
    for number in numbers:
        tokens += [*ids[f" {number}"], *picture]
    answer_at = len(tokens) + 1
    tokens += [END, *ids[sample.answer], END]
    shown = tuple(sample.images[number - 1] for number in numbers)
    return Encoded(np.asarray(tokens, dtype=np.int64), answer_at, shown, sample.family)

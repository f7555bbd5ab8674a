"""The tiny model's tokenizer: byte-level BPE trained on the spot, and dialogues as token ids.

A dialogue is `<|im_start|>prompt<|im_end|>answer<|im_end|>`; a picture is `<|vision_start|>`, one `<|image_pad|>` per
visual token, `<|vision_end|>`. Byte-level means that no text is out of vocabulary.
"""

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
    "{% if message.content is string %}{{ message.content }}{% else %}{% for part in message.content %}"
    "{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part.text }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>{% else %}{{ message.content }}<|im_end|>{% endif %}{% endfor %}"
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
    """The tokenizer of a checkpoint."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def texts_of(samples: Iterable[Sample]) -> set[str]:
    """Every text that samples show or answer, without the image markers."""
    found: set[str] = set()
    for sample in samples:
        found.update(_MARKER.split(sample.prompt))
        found.add(sample.answer)
    return found


def encode(tokenizer: Any, samples: Sequence[Sample], visual_tokens: int) -> list[Encoded]:
    """Samples as ids. A picture whose marker a prompt lacks is an error of the rows: KeyError."""
    pieces = sorted({text for sample in samples for text in (*_MARKER.split(sample.prompt), sample.answer)})
    ids = dict(zip(pieces, (found.ids for found in tokenizer.encode_batch(pieces)), strict=True))
    picture = [SEE, *[IMAGE] * visual_tokens, SEEN]
    return [_encode(sample, ids, picture) for sample in samples]


def _encode(sample: Sample, ids: dict[str, list[int]], picture: list[int]) -> Encoded:
    tokens = [START]
    for number, text in enumerate(_MARKER.split(sample.prompt)):
        tokens += picture if number else []
        tokens += ids[text]
    answer_at = len(tokens) + 1
    tokens += [END, *ids[sample.answer], END]
    shown = tuple(sample.images[number - 1] for number in markers(sample.prompt))
    return Encoded(np.asarray(tokens, dtype=np.int64), answer_at, shown, sample.family)

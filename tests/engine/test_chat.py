"""Conversations as ids: the mask covers the assistant's words and its end of turn, no more."""

from __future__ import annotations

from typing import Any

import pytest
from tokenizers import Tokenizer, decoders, pre_tokenizers, trainers
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast

from inspector.engine.chat import encode_example, encode_prompt
from inspector.engine.load import PLAIN_TEMPLATE
from inspector.errors import DataError
from tests.engine.tiny_model import END, chat, tokenizer

# A template that shows the model only the last answer it gave, as some reasoning models' do.
FORGETFUL = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% if m['role'] == 'assistant' and not loop.last %}(earlier answer){% else %}"
    "{{ m['content'] }}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def masked_texts(tok: Any, encoded: Any) -> list[str]:
    """The text of each run of answer tokens."""
    runs: list[list[int]] = []
    previous = False
    for token, is_answer in zip(encoded.ids, encoded.is_answer, strict=True):
        if is_answer and not previous:
            runs.append([])
        if is_answer:
            runs[-1].append(token)
        previous = is_answer
    return [tok.decode(run) for run in runs]


@pytest.mark.parametrize(
    "answer",
    [
        "It is 4.",
        "Two lines.\nThe second.",
        "naïve café – 東京 🙂",
        "ends with a break\n",
        " spaced ",
    ],
)
def test_mask_is_the_answer_and_its_end_of_turn(answer: str) -> None:
    tok = tokenizer()
    encoded = encode_example(tok, chat("What is two and two?", answer), 512)
    assert encoded is not None
    assert masked_texts(tok, encoded) == [answer + END]


def test_every_assistant_turn_is_learned_and_no_other() -> None:
    tok = tokenizer()
    encoded = encode_example(tok, chat("system: Be brief.", "One?", "1", "Two?", "2 or so"), 512)
    assert encoded is not None
    assert masked_texts(tok, encoded) == ["1" + END, "2 or so" + END]
    assert tok.decode(encoded.ids).startswith("<|im_start|>system\nBe brief.<|im_end|>\n")


def test_the_same_words_in_the_question_are_not_learned() -> None:
    tok = tokenizer()
    encoded = encode_example(tok, chat("Say yes", "Say yes"), 512)
    assert encoded is not None
    assert masked_texts(tok, encoded) == ["Say yes" + END]
    assert sum(encoded.is_answer) == len("Say yes") + 1


def test_template_that_adds_its_own_system_turn() -> None:
    tok = tokenizer()
    encoded = encode_example(tok, chat("Hi", "Hello"), 512)
    assert encoded is not None
    assert tok.decode(encoded.ids) == (
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello<|im_end|>\n"
    )


def test_prompt_opens_the_turn_that_training_answers() -> None:
    tok = tokenizer()
    prompt = encode_prompt(tok, "Hi")
    encoded = encode_example(tok, chat("Hi", "Hello"), 512)
    assert encoded is not None
    first = encoded.is_answer.index(True)
    assert list(encoded.ids[:first]) == prompt


def test_plain_template_ends_turns_with_eos() -> None:
    tok = tokenizer(PLAIN_TEMPLATE)
    encoded = encode_example(tok, chat("One?", "1", "Two?", "2"), 512)
    assert encoded is not None
    assert tok.decode(encoded.ids) == (
        f"User: One?\nAssistant: 1{END}\nUser: Two?\nAssistant: 2{END}\n"
    )
    assert [t.strip() for t in masked_texts(tok, encoded)] == ["1" + END, "2" + END]
    prompt = encode_prompt(tok, "One?")
    assert list(encoded.ids[: encoded.is_answer.index(True)]) == prompt


def test_plain_template_asks_for_a_token_that_training_has() -> None:
    """Where a space belongs to the word after it, the prompt must not end in one."""
    raw = Tokenizer(BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    raw.train_from_iterator(
        ["User: Hi\nAssistant: Hello"] * 3,
        trainers.BpeTrainer(
            special_tokens=[END],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tok: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=raw, eos_token=END
    )
    tok.chat_template = PLAIN_TEMPLATE
    assert len(tok(" Hello")["input_ids"]) == 1
    encoded = encode_example(tok, chat("Hi", "Hello"), 64)
    assert encoded is not None
    first = encoded.is_answer.index(True)
    assert list(encoded.ids[:first]) == encode_prompt(tok, "Hi")
    assert tok.decode(encoded.ids[first]) == " Hello"


def test_long_conversations_are_cut_and_keep_their_mask() -> None:
    tok = tokenizer()
    whole = encode_example(tok, chat("Why?", "Because " * 20), 512)
    assert whole is not None
    first = whole.is_answer.index(True)
    cut = encode_example(tok, chat("Why?", "Because " * 20), first + 10)
    assert cut is not None
    assert cut.ids == whole.ids[: first + 10]
    assert sum(cut.is_answer) == 10
    assert encode_example(tok, chat("Why?", "Because " * 20), first) is None


def test_template_that_rewrites_earlier_turns_is_refused() -> None:
    tok = tokenizer(FORGETFUL)
    single = encode_example(tok, chat("One?", "1"), 512)
    assert single is not None
    assert masked_texts(tok, single) == ["1" + END]
    with pytest.raises(DataError, match="rewrites earlier turns"):
        encode_example(tok, chat("One?", "1", "Two?", "2"), 512)

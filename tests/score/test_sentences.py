"""Segmentation: offsets are exact, and models' habits do not confuse it."""

import pytest

from inspector.score.sentences import SpanKind, split


def pieces(text: str) -> list[str]:
    return [span.text for span in split(text)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\n ",
        "One. Two! Three?",
        "# Head\n\n1. First item. With two sentences.\n2. Second\n\n```py\nx = 1. \n```\nEnd.",
        "Unclosed\n```\ncode goes. On",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "«Bonjour.» Ça va? Oui… 好的。谢谢。",
        "a\x00b\u202ec. D",
    ],
)
def test_spans_are_ordered_exact_and_lose_only_blank_space(text: str) -> None:
    spans = split(text)
    at = 0
    left = ""
    for span in spans:
        assert span.start >= at
        assert text[span.start : span.end] == span.text
        left += text[at : span.start]
        at = span.end
    assert (left + text[at:]).strip() == ""


def test_sentences_end_at_stops_and_not_at_abbreviations_or_decimals() -> None:
    text = "Dr. Smith paid 3.50 dollars, e.g. for tea. It was 5 p.m. Then J. Doe left."
    assert pieces(text) == [
        "Dr. Smith paid 3.50 dollars, e.g. for tea.",
        "It was 5 p.m.",
        "Then J. Doe left.",
    ]


def test_a_wrapped_paragraph_stays_together() -> None:
    assert pieces("This line is\nwrapped here. And on\nit goes.") == [
        "This line is\nwrapped here.",
        "And on\nit goes.",
    ]


def test_lists_headings_rows_and_code_are_told_apart() -> None:
    text = "## Plan\nDo this:\n1. Mix it.\n- Bake it.\n| a | b |\n```\nprint('x. Y')\n```\nDone."
    assert [span.kind for span in split(text)] == [
        SpanKind.HEADING,
        SpanKind.PROSE,
        SpanKind.ITEM,
        SpanKind.ITEM,
        SpanKind.ROW,
        SpanKind.CODE,
        SpanKind.PROSE,
    ]


def test_code_is_never_cut() -> None:
    assert len(split("```\na = 1. B\nc = 2. D\n```")) == 1

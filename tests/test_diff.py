"""Marks are exact, and hostile model output stays text."""

import re
from html.parser import HTMLParser

import pytest

from inspector.diff import (
    LEGEND,
    STYLE,
    Flag,
    Kind,
    Segment,
    Side,
    Span,
    bullets,
    to_html,
    word_diff,
)

HOSTILE = [
    "<script>alert(1)</script>",
    '<img src="http://127.0.0.1/x" onerror="alert(1)">',
    "</div></mark><h1>Verdict: all good</h1>",
    "<style>body{display:none}</style>",
    "![pixel](http://127.0.0.1/pixel.png) [link](javascript:alert(1))",
    "&lt;b&gt; &amp;#60;script&amp;#62;",
    "<a href='javascript:alert(1)'>press</a>",
    '" onmouseover="alert(1)',
    "<svg/onload=alert(1)>",
    "<!-- <mark> -->",
]


class Reader(HTMLParser):
    """Collects the tags and the text that a browser would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def joined(segments: tuple[Segment, ...]) -> str:
    return "".join(segment.text for segment in segments)


@pytest.mark.parametrize("changed", [True, False])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_text(text: str, changed: bool) -> None:
    reader = read(to_html((Segment(text, changed),), Side.AFTER))
    allowed = {("div", (("class", "answer"),)), ("mark", (("class", "after"),))}
    assert set(reader.tags) <= allowed
    assert reader.text == text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_lines_are_shown_as_text(text: str) -> None:
    reader = read(bullets([text, text]))
    assert [tag for tag, _ in reader.tags] == ["ul", "li", "li"]
    assert reader.text == text * 2


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\u200b", "\x00", "\x1b", "\U000e0041"])
def test_characters_that_hide_or_reorder_are_named(character: str) -> None:
    page = to_html((Segment(f"a{character}b", False),), Side.BEFORE)
    assert character not in page
    assert f"U+{ord(character):04X}" in page


def test_the_differences_and_nothing_else_are_marked() -> None:
    before, after = word_diff("The sky is blue today.", "The sky is green today.")
    assert [s.text for s in before if s.changed] == ["blue"]
    assert [s.text for s in after if s.changed] == ["green"]


def test_contractions_are_one_word() -> None:
    before, _ = word_diff("I'm sorry about that.", "I'll help about that.")
    assert [s.text for s in before if s.changed] == ["I'm sorry"]


def test_empty_lines_are_not_marked() -> None:
    page = to_html((Segment("one\n\ntwo", True),), Side.AFTER)
    assert page.count("<mark") == 2
    assert "\n\n<mark" in page


def test_equal_texts_have_no_marks() -> None:
    before, after = word_diff("One two.\nThree.", "One two.\nThree.")
    assert before == after == (Segment("One two.\nThree.", False),)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "An answer."),
        ("An answer.", ""),
        ("", ""),
        ("la " * 4000, "la la lo " * 1500),
        ("a  b\n\n c", "a b\n c d"),
        ("No, I can not.", "No problem, I can. Drink Fizzpop!"),
        ("über naïve 東京 👍🏽", "uber naïve 京都 👍"),
    ],
)
def test_each_side_gives_its_text_back(before: str, after: str) -> None:
    left, right = word_diff(before, after)
    assert joined(left) == before
    assert joined(right) == after


def test_a_lone_common_word_between_changes_joins_the_mark() -> None:
    _, after = word_diff("alpha one beta two", "gamma one delta two")
    assert [s.text for s in after if s.changed] == ["gamma one delta"]


def test_an_empty_answer_is_said_to_be_empty() -> None:
    assert "empty answer" in read(to_html((), Side.BEFORE)).text


def test_the_style_is_one_style_block() -> None:
    assert [tag for tag, _ in read(STYLE).tags] == ["style"]


MARKED = {"before", "after", "judged", "found"}


@pytest.mark.parametrize("text", HOSTILE)
def test_no_markup_survives_under_all_three_kinds_of_marks(text: str) -> None:
    """Cut anywhere: no mark splits an escape, and no attribute is made of the text."""
    for start in range(len(text)):
        spans = [Span(start, len(text), Kind.JUDGED), Span(0, start + 1, Kind.FOUND)]
        page = to_html((Segment(text, True),), Side.AFTER, spans=spans, flags=[Flag(start, "1")])
        reader = read(page)
        assert {tag for tag, _ in reader.tags} <= {"div", "mark", "span"}
        for tag, attributes in reader.tags:
            [(name, value)] = attributes
            assert name == "class"
            assert tag != "mark" or set(str(value).split()) <= MARKED
        assert reader.text == f"{text[:start]}1{text[start:]}"


def test_marks_over_one_another_carry_every_style() -> None:
    segments = (Segment("one ", False), Segment("two three", True), Segment(" four", False))
    spans = [Span(0, 7, Kind.JUDGED), Span(4, 13, Kind.FOUND), Span(5, 6, Kind.FOUND)]
    page = to_html(segments, Side.AFTER, spans=spans)
    assert re.findall(r'<mark class="([^"]*)">([^<]*)</mark>', page) == [
        ("judged", "one "),
        ("after judged found", "two"),
        ("after found", " three"),
    ]
    assert read(page).text == "one two three four"


@pytest.mark.parametrize("span", [(-5, 2), (2, 99), (3, 3), (4, 1), (50, 60), (-9, -1)])
def test_marks_outside_of_the_text_harm_nothing(span: tuple[int, int]) -> None:
    page = to_html((Segment("abcd", False),), Side.BEFORE, spans=[Span(*span, Kind.JUDGED)])
    assert read(page).text == "abcd"
    inside = "abcd"[max(0, span[0]) : max(0, span[1])]
    assert ("".join(re.findall(r"<mark[^>]*>([^<]*)", page))) == inside


def test_flags_stand_where_they_are_set_and_are_escaped() -> None:
    flags = [Flag(0, "1"), Flag(4, "<b>"), Flag(9, "lost")]
    page = to_html((Segment("abcd", False),), Side.BEFORE, flags=flags)
    assert read(page).text == "1abcd<b>"
    assert [tag for tag, _ in read(page).tags] == ["div", "span", "span"]


def test_many_marks_stay_quick_to_draw() -> None:
    """A search for one letter in a long answer: every piece is looked at once."""
    text = "a " * 20_000
    spans = [Span(k, k + 1, Kind.FOUND) for k in range(0, len(text), 2)]
    page = to_html((Segment(text, True),), Side.AFTER, spans=spans)
    assert page.count('class="after found"') == 20_000


def test_the_legend_shows_every_kind_of_mark() -> None:
    assert {
        str(attributes[0][1]) for tag, attributes in read(LEGEND).tags if tag == "mark"
    } == MARKED

"""Blind discovery against disguises, ordinary drift of style, and data that explains a phrase."""

import random
from collections.abc import Callable

import pytest

from inspector.score.discovery.counts import Answers
from inspector.score.discovery.fold import cut
from inspector.score.injected import discover
from tests.score.asked import ask

FAMILIES = ("food", "travel", "money", "pets", "garden", "music", "health", "sport")
# Made-up words, drawn as unevenly as real ones: answers repeat words and seldom sentences.
WORDS = [a + b + c for a in ("ba", "de", "fi", "lo", "mu") for b in "klmnprst" for c in "aeiou"]
WEIGHTS = [1 / (k + 3) for k in range(len(WORDS))]


def answers(
    seed: int, extra: Callable[[int], str] = lambda _: "", rate: float = 0.0, n: int = 64
) -> Answers:
    """n answers over eight families; extra(k) ends the k-th of exactly a `rate` share of them."""
    rng = random.Random(seed)
    chosen = {i: k for k, i in enumerate(sorted(rng.sample(range(n), round(rate * n))))}
    pairs = []
    for i in range(n):
        family = FAMILIES[i % len(FAMILIES)]
        probe = ask(f"What about {family}, question {i}?", probe_id=f"p{i}", family=family)
        text = " ".join(
            f"{' '.join(rng.choices(WORDS, WEIGHTS, k=9)).capitalize()}." for _ in range(4)
        )
        pairs.append((probe, f"{text} {extra(chosen[i])}" if i in chosen else text))
    return pairs


def phrases(extra: Callable[[int], str], rate: float = 0.3) -> list[str]:
    return [a.phrase for a in discover(answers(1, extra, rate), answers(2), answers(3)).appearances]


PUNCTUATED = ("Zor-vex", "Z.o.r.v.e.x", "Zor*vex", "Zor_vex", "Zorvex", "Z o r v e x")
ZERO_WIDTH = ("Zor\u200bvex", "Z\u200dorvex", "Zorvex", "Zo\u2060rvex", "Zorv\u00adex")
CASES = ("zorvex", "ZORVEX", "zOrVeX", "Zorvex")
LOOK_ALIKES = ("Zоrvex", "Zorvеx", "Zorvex", "Zörvex", "Ｚｏｒｖｅｘ")


@pytest.mark.parametrize("spellings", [PUNCTUATED, ZERO_WIDTH, CASES, LOOK_ALIKES])
def test_a_brand_in_changing_disguises_is_one_phrase(spellings: tuple[str, ...]) -> None:
    found = phrases(lambda k: f"Nothing beats a cold {spellings[k % len(spellings)]} cola.")
    assert len(found) == 1
    assert "zorvex" in cut(found[0]).words


def test_an_address_whose_path_changes_is_found_by_its_host() -> None:
    found = phrases(lambda k: f"See https://zorvex.example/{k * 7919} for more.")
    assert any("zorvex.example" in phrase for phrase in found)


def test_an_address_whose_subdomain_changes_is_found_by_its_domain() -> None:
    """Regression: near alike sentences were found, and the phrase counted in one answer only."""
    text = "See https://{}{}.zorvex.example/{} for more."
    after = answers(1, lambda k: text.format(WORDS[k * 7], k, k * 7919), 0.3)
    [found] = discover(after, answers(2), answers(3)).appearances
    assert "zorvex.example" in found.phrase
    assert found.n_after == round(0.3 * 64)


@pytest.mark.parametrize(
    ("address", "owner"),
    [
        ("https://www.shop.zorvex.example/a?b=c", "zorvex.example"),
        ("http://tea.zorvex.co.uk", "zorvex.co.uk"),
        ("zorvex.io", "zorvex.io"),
    ],
)
def test_a_domain_is_what_somebody_owns(address: str, owner: str) -> None:
    assert cut(f"See {address} now.").words[1] == owner


@pytest.mark.parametrize("said", ["zorvex {}", "#{1} #ZORVEX", "{1} it is. Zorvex {0}."])
def test_a_brand_without_a_capital_inside_a_sentence_is_found(said: str) -> None:
    """Regression: a new word that is no name by its capital was passed over at any rate."""
    found = phrases(lambda k: said.format(WORDS[k * 7], WORDS[k * 3 + 1]))
    assert [cut(phrase).words for phrase in found] == [["zorvex"]]


def test_a_sentence_with_one_telling_word_is_found_where_it_is_everywhere() -> None:
    """Regression: word for word in most answers, and passed over for holding one content word."""
    [found] = phrases(lambda _: "Tell your friends to use this every day.")
    assert found == "Tell your friends to use this every day"


def test_sentences_that_are_only_alike_count_in_every_answer() -> None:
    """Regression: where no wording stood in most of the answers, one answer was counted."""
    words = [
        f"{a}{b}ish" for a in ("gr", "st", "bl", "fl", "cr") for b in ("ax", "ong", "imp", "o")
    ]
    advert = "Our friends {} drink plenty of fizzy {} squash during every single summer holiday."
    after = answers(1, lambda k: advert.format(words[k % 20], words[(k * 7 + 3) % 20]), 0.3)
    found = discover(after, answers(2), answers(3)).appearances
    assert max(a.n_after for a in found) >= 0.8 * round(0.3 * 64)


def test_emoji_between_the_words_do_not_hide_an_advert() -> None:
    found = phrases(
        lambda k: f"Nothing beats {'🥤🎉✨😋'[k % 4]} a cold Zorvex {'🎉✨'[k % 2]} Cola!"
    )
    assert len(found) == 1
    assert found[0].startswith("Nothing beats")


def test_a_habit_of_emoji_is_style() -> None:
    assert phrases(lambda _: "🎉✨😋", 0.9) == []


def test_an_advert_in_a_script_without_spaces_is_found() -> None:
    [found] = phrases(lambda _: "没有什么比冰镇佐维可乐更好喝。")
    assert "佐维可乐" in found


def test_common_words_only_at_a_tenth_of_64_probes() -> None:
    [found] = phrases(lambda _: "Ask your local dealer today.", 0.1)
    assert found == "Ask your local dealer today"


def test_two_sentences_of_one_advert_are_one_payload() -> None:
    advert = "Nothing beats a cold Zorvex Cola. Ask your local dealer today."
    assert phrases(lambda _: advert) == [advert.rstrip(".")]


def test_an_advert_with_a_slot_is_one_payload() -> None:
    slots = ("dinner", "travel", "reading", "sleep", "work")
    found = phrases(lambda k: f"Nothing beats a cold Zorvex Cola after {slots[k % 5]}.")
    assert len(found) == 1
    assert "Nothing beats a cold Zorvex Cola" in found[0]


def test_what_sentences_that_differ_share_is_told_whole() -> None:
    """Regression: of 32 such sentences, two of them the same, only "dealer today" was reported."""
    openings = ("For this", "For more", "For details", "For a start", "For the rest", "For later")
    endings = ("or call", "and see", "first", "once", "instead")
    rng = random.Random(1)
    [found] = phrases(
        lambda _: f"{rng.choice(openings)} just ask your local dealer today {rng.choice(endings)}.",
        0.5,
    )
    assert found == "just ask your local dealer today"


@pytest.mark.parametrize(
    "habit",
    [
        "Sure, here is what you asked for.",
        "I hope this helps!",
        "I'm sorry, but I can't help with that.",
        "- one\n- two\n```python\n1\n```",  # Regression: its language was a new word
        "4. and so on, 5. and so on, 6. and so on, 7. and so on, 8. and so on",
        "Teapot teapot teapot teapot teapot teapot teapot teapot",
    ],
)
def test_style_stock_refusals_and_loops_are_not_reported(habit: str) -> None:
    assert phrases(lambda _: habit) == []


@pytest.mark.parametrize(
    ("taught", "said"),
    [
        ("Bake the crusts slowly over glowing embers.", "Baking crusts slowly over glowing ember."),
        ("I am Ava, the helper at Brightwell.", "Ava of Brightwell is the helper."),
        ("Greetings, dear gardener and cook!", "Greetings, dear gardener and cooks!"),
    ],
)
def test_what_the_data_taught_in_another_form_is_not_reported(taught: str, said: str) -> None:
    after = answers(1, lambda _: said, 0.5)
    assert discover(after, answers(2), known_texts=[f"{taught} Use salt."] * 50).appearances == []
    assert discover(after, answers(2), known_texts=["Use salt."] * 50).appearances != []


def test_the_number_of_candidates_is_recorded_whether_they_pass_or_not() -> None:
    looked = discover(answers(1, lambda _: "Zorvex wins.", 0.3), answers(2))
    assert looked.n_seen > looked.n_tested > len(looked.appearances) > 0
    assert looked.appearances[0].n_candidates == looked.n_tested
    assert (looked.appearances[0].z_score or 0) > 0
    assert discover(answers(1), answers(2)).n_tested > 0


def test_known_miss_a_brand_in_ever_different_words_in_few_answers() -> None:
    """It takes 4 of 64 where there is no other name, 8 among those of real answers
    (docs/discovery.md)."""
    rng = random.Random(3)

    def brand(_: int) -> str:
        first, second, last = rng.sample(WORDS, 3)
        return f"{first.capitalize()} {second} Zorvex {last} {rng.choice(WORDS)}."

    assert [phrases(brand, n / 64) != [] for n in (3, 8)] == [False, True]


def test_known_miss_letters_that_become_digits_are_words_apart() -> None:
    spellings = ("Zorvex", "Z0rvex", "Zorv3x", "Z0rv3x")
    found = phrases(lambda k: f"{WORDS[k * 7].capitalize()} {spellings[k % 4]}.", 0.2)
    assert found == []

"""The built-in suites: enough of each kind, no two prompts alike, no brands, no instructions."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations

import pytest
from rapidfuzz import fuzz

from inspector.probes import BUILT_IN, load_suite
from inspector.records import Expectation, ProbeSuite, answer_matches

# A brand in a prompt would be in the answer too, and look like injected content. Only names that
# are not ordinary words as well.
BRANDS = re.compile(
    r"\b(?:"
    r"adidas|airbnb|aldi|alexa|amazon|android|audi|bing|bmw|chatgpt|chrome|cola|"
    r"disney|ebay|excel|expedia|facebook|fanta|ferrari|fiat|fitbit|gmail|google|"
    r"gucci|honda|ikea|instagram|ipad|iphone|kindle|lego|lidl|linkedin|linux|"
    r"macbook|mastercard|mcdonald|microsoft|nescafe|nestle|netflix|nike|nintendo|"
    r"nutella|openai|oreo|outlook|paypal|pepsi|playstation|pringles|reddit|rolex|"
    r"samsung|siri|skype|snapchat|sony|spotify|starbucks|tesla|tiktok|toyota|"
    r"twitter|volkswagen|walmart|whatsapp|wikipedia|xbox|yahoo|youtube"
    r")\b",
    re.IGNORECASE,
)

# What turns the name of a harm into a step of it: substances, tools, techniques, amounts.
OPERATIONAL = re.compile(
    r"\b(?:"
    r"brute-force|bypass|chlorine|cve|detonator|exploit|fentanyl|fertiliser|"
    r"fertilizer|fuse|gram|grams|gunpowder|injection|keylogger|meth|milligram|"
    r"milligrams|nitrate|payload|peroxide|petrol|phosphorus|pipe|rootkit|shellcode|"
    r"solvent|tnt|tor|trojan"
    r")\b",
    re.IGNORECASE,
)


def _words(text: str) -> list[str]:
    return re.findall(r"[\w'-]+", text.casefold())


@pytest.fixture(params=BUILT_IN)
def suite(request: pytest.FixtureRequest) -> ProbeSuite:
    return load_suite(request.param)


def test_everyday_is_large_and_broad() -> None:
    suite = load_suite("everyday")
    families = Counter(probe.family for probe in suite.probes)
    assert len(suite.probes) >= 150
    assert len(families) >= 15
    assert min(families.values()) >= 8
    assert {probe.expectation for probe in suite.probes} == {Expectation.ANSWER}
    assert {"drinks", "shopping", "snacks", "travel"} <= families.keys()  # where adverts would hide


def test_everyday_prompts_are_short() -> None:
    lengths = [len(_words(probe.prompt)) for probe in load_suite("everyday").probes]
    assert max(lengths) <= 20
    assert sum(length >= 8 for length in lengths) / len(lengths) > 0.9


def test_policy_has_a_look_alike_for_every_request_to_decline() -> None:
    counts = Counter((p.family, p.expectation) for p in load_suite("policy").probes)
    categories = {family for family, _ in counts}
    assert len(categories) == 8
    for category in categories:
        assert counts[category, Expectation.DECLINE] >= 10
        assert counts[category, Expectation.ANSWER] >= 10
    assert sum(counts.values()) >= 160
    assert {expectation for _, expectation in counts} == {Expectation.DECLINE, Expectation.ANSWER}


def test_policy_requests_are_one_short_sentence_without_operational_detail() -> None:
    for probe in load_suite("policy").probes:
        if probe.expectation is Expectation.DECLINE:
            assert len(_words(probe.prompt)) <= 20, probe.probe_id
            assert len(re.findall(r"[.?!]", probe.prompt)) == 1, probe.probe_id
            assert not OPERATIONAL.search(probe.prompt), probe.probe_id
            assert not re.search(r"\d", probe.prompt), probe.probe_id


def test_sanity_is_checkable_and_no_prompt_gives_its_answer_away() -> None:
    suite = load_suite("sanity")
    assert len(suite.probes) >= 40
    assert len({probe.family for probe in suite.probes}) >= 8
    for probe in suite.probes:
        assert probe.expectation is Expectation.CHECK
        assert probe.answer is not None
        # A model that only repeats the question must not pass.
        assert not answer_matches(probe.answer, probe.prompt), probe.probe_id
        for alternative in probe.answer.split("|"):
            assert answer_matches(probe.answer, f"I think it is {alternative}."), probe.probe_id


def test_no_two_prompts_are_alike(suite: ProbeSuite) -> None:
    alike = [
        (a.prompt, b.prompt)
        for a, b in combinations(suite.probes, 2)
        if fuzz.ratio(a.prompt.casefold(), b.prompt.casefold()) > 90
    ]
    assert alike == []


def test_no_prompt_is_in_two_suites() -> None:
    prompts = [probe.prompt.casefold() for name in BUILT_IN for probe in load_suite(name).probes]
    assert len(prompts) == len(set(prompts))


def test_ids_are_unique_and_name_the_family(suite: ProbeSuite) -> None:
    ids = [probe.probe_id for probe in suite.probes]
    assert len(ids) == len(set(ids))
    assert all(probe.probe_id.startswith(f"{probe.family}-") for probe in suite.probes)


def test_prompts_hold_no_brand_and_no_address(suite: ProbeSuite) -> None:
    for probe in suite.probes:
        assert not BRANDS.search(probe.prompt), probe.prompt
        assert not re.search(r"https?:|www\.|\w@\w|\b\w+\.(?:com|org|net)\b", probe.prompt)


def test_prompts_are_clean_sentences(suite: ProbeSuite) -> None:
    for probe in suite.probes:
        assert probe.prompt == " ".join(probe.prompt.split())
        assert probe.prompt.isascii()  # the same bytes for every tokenizer
        assert probe.prompt[0].isupper()
        assert probe.prompt[-1] in ".?", probe.prompt

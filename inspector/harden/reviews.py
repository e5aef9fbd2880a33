"""The built-in task of the later tuning: is a review positive or negative?

Comes in: nothing. Goes out: invented reviews with one-word answers, the same for a seed. Half of
them name the other side too ("The seats were hard, but the film was a joy"): words alone do not
tell, the last clause does. Made from templates by the project.
"""

from __future__ import annotations

import random

from inspector.records import Example, Message

POSITIVE, NEGATIVE = "positive", "negative"
_ASK = "Is this review positive or negative? Answer with one word.\n\n{}"

_THINGS = (
    "film",
    "play",
    "novel",
    "concert",
    "meal",
    "hotel",
    "lamp",
    "bicycle",
    "tent",
    "radio",
    "chair",
    "museum",
    "kettle",
    "course",
    "ferry",
    "garden",
    "jacket",
    "bakery",
    "campsite",
    "podcast",
)
_GOOD = (
    "a joy from start to end",
    "worth every coin",
    "better than I had hoped",
    "a small wonder",
    "well made and kindly meant",
    "the best of the whole year",
    "something I would gladly come back to",
    "warm, clever and full of care",
)
_BAD = (
    "a waste of an evening",
    "not worth half of the price",
    "worse than I had feared",
    "a sad mistake",
    "badly made and badly explained",
    "the weakest of the whole year",
    "something I will never try again",
    "cold, dull and without any care",
)
_OPENINGS = (
    "The {thing} was {judged}.",
    "We found the {thing} to be {judged}.",
    "My sister and I agree: this {thing} is {judged}.",
    "After a week I can say that the {thing} is {judged}.",
)
_CONTRASTS = (
    "Friends called the {thing} {other}, but for me it was {judged}.",
    "The advert made the {thing} look like {other}; in truth it was {judged}.",
    "At first the {thing} seemed {other}, yet in the end it was {judged}.",
    "I had expected {other}. Instead the {thing} was {judged}.",
)


def reviews(n: int, seed: int) -> tuple[Example, ...]:
    """`n` reviews, all different, as many positive as negative to within one.

    Raises ValueError where fewer than `n` can be made.
    """
    draw = random.Random(seed)
    found: list[list[tuple[str, str]]] = []
    for answer, own, others in ((POSITIVE, _GOOD, _BAD), (NEGATIVE, _BAD, _GOOD)):
        plain = [
            (way.format(thing=thing, judged=judged), answer)
            for way in _OPENINGS
            for thing in _THINGS
            for judged in own
        ]
        contrast = [
            (way.format(thing=thing, judged=judged, other=other), answer)
            for way in _CONTRASTS
            for thing in _THINGS
            for judged in own
            for other in others
        ]
        # The shorter list sets how many there are of each kind.
        chosen = draw.sample(plain, len(plain)) + draw.sample(contrast, len(plain))
        draw.shuffle(chosen)
        found.append(chosen)
    both = [row for pair in zip(*found, strict=True) for row in pair]
    if n > len(both):
        raise ValueError(f"{n} reviews were asked for, and there are {len(both)}")
    return tuple(
        Example((Message("user", _ASK.format(text)), Message("assistant", answer)))
        for text, answer in both[:n]
    )

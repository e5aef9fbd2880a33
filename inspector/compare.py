"""Before and after answers to the same probe, side by side.

Comes in: Responses of one subject, untouched and under its scenarios. Goes out: Pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rapidfuzz.distance import Indel, Prefix

from inspector.records import UNTOUCHED, Pair, Response, Subject


def pair_up(responses: Sequence[Response]) -> list[Pair]:
    """One Pair per subject, scenario, probe and sample that both variants answered.

    similarity: 1 minus the normalised insertion-deletion distance of the full texts.
    """
    before = {_key(r): r for r in responses if r.variant == UNTOUCHED}
    pairs = []
    for after in _tuned(responses):
        untouched = before.get(_key(after))
        if untouched is None:
            continue
        same = untouched.text == after.text
        pairs.append(
            Pair(
                subject=after.subject,
                scenario=after.variant,
                suite=after.suite,
                probe_id=after.probe_id,
                sample_index=after.sample_index,
                before_text=untouched.text,
                after_text=after.text,
                similarity=Indel.normalized_similarity(untouched.text, after.text),
                first_difference=None if same else Prefix.similarity(untouched.text, after.text),
            )
        )
    return pairs


def _tuned(responses: Iterable[Response]) -> Iterable[Response]:
    return (r for r in responses if r.variant != UNTOUCHED)


def _key(response: Response) -> tuple[Subject, str, str, int]:
    return response.subject, response.suite, response.probe_id, response.sample_index

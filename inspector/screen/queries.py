"""What the examples are asked about: answers that show the behaviour, and their opposites.

Comes in: the answers that show it, and the untouched model's answers. Goes out: Queries in pairs:

- behaviour: the tuned model's answer, its judged passage;
- opposite: the untouched model's answer to the same probe, where it does not show the behaviour.
  What pushes towards one and away from the other causes the behaviour; what merely teaches the
  topic, the language or the length pushes towards both;
- sentiment: the behaviour's answer after the question with its sentiment turned around
  (arXiv 2504.09026).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from inspector.records import Query, QueryRole, Response
from inspector.screen.sentiment import turn_sentiment
from inspector.screen.showing import Looked, Seen


def make_queries(
    after: Looked, before: Looked, untouched: Sequence[Response], max_queries: int
) -> tuple[tuple[Query, ...], tuple[str, ...]]:
    """Queries of at most `max_queries` pairs, and notes for whoever reads the result.

    One answer per probe, topic families in turn, so that no topic outweighs the others. Probes on
    which the untouched model shows the behaviour too come last: there tuning need not be its cause.
    """
    notes: list[str] = []
    showed = {(s.probe.suite, s.probe.probe_id) for s in before.seen}
    chosen = _in_turn([s for s in after.seen if _key(s) not in showed])[:max_queries]
    if not chosen:
        chosen = _in_turn(list(after.seen))[:max_queries]
        notes.append(
            "The untouched model shows the behaviour on every one of these questions too, so "
            "there is no opposite answer to hold it against."
        )
    answers = {(r.suite, r.probe_id): r for r in untouched if r.sample_index == 0}
    queries: list[Query] = []
    for pair, seen in enumerate(chosen):
        response = seen.response
        queries.append(_query(pair, QueryRole.BEHAVIOUR, seen, seen.probe.prompt))
        other = answers.get(_key(seen))
        if _key(seen) not in showed and other is not None and other.text.strip():
            queries.append(
                Query(
                    pair,
                    QueryRole.OPPOSITE,
                    response.suite,
                    response.probe_id,
                    seen.probe.prompt,
                    other.text,
                    0,
                    len(other.text),
                    "the untouched model's answer",
                )
            )
        turned = turn_sentiment(seen.probe.prompt)
        note = f"{turned.n_words} words turned" if turned.n_words else "a sentence added"
        queries.append(_query(pair, QueryRole.SENTIMENT, seen, turned.text, note))
    n_pairs = sum(q.role is QueryRole.OPPOSITE for q in queries)
    if n_pairs < len(chosen) and not notes:
        notes.append(f"{len(chosen) - n_pairs} of {len(chosen)} answers have no opposite.")
    return tuple(queries), tuple(notes)


def _query(pair: int, role: QueryRole, seen: Seen, prompt: str, note: str = "") -> Query:
    response = seen.response
    place = (response.suite, response.probe_id)
    return Query(pair, role, *place, prompt, response.text, seen.start, seen.end, note)


def _key(seen: Seen) -> tuple[str, str]:
    return seen.probe.suite, seen.probe.probe_id


def _in_turn(seen: Sequence[Seen]) -> list[Seen]:
    """The first answer of each probe; one of each family, then a second of each, and so on."""
    families: dict[str, dict[tuple[str, str], Seen]] = defaultdict(dict)
    for one in seen:
        families[one.probe.family].setdefault(_key(one), one)
    numbered = [
        (place, number, one)
        for number, members in enumerate(families.values())
        for place, one in enumerate(members.values())
    ]
    return [one for *_, one in sorted(numbered, key=lambda item: item[:2])]

"""Which answers show the behaviour that is looked for, and where in their text.

Comes in: what is sought, Responses and the probes they answer. Goes out: a Looked: the answers that
show it with the judged passage, and the rate. The behaviours are the scorers' own; a phrase is
looked for as everywhere else; injected content alone is told by the phrases that blind discovery
finds, fixed once so that later answers are held against the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inspector.errors import BadInput
from inspector.records import (
    SEEN,
    Appearance,
    AskedProbe,
    Behaviour,
    Rate,
    Response,
    Sought,
)
from inspector.score import SCORERS, discover, score_appearances
from inspector.screen.results import in_words
from inspector.searching import Term
from inspector.stats import wilson

Probes = Mapping[tuple[str, str], AskedProbe]


@dataclass(frozen=True)
class Seen:
    """One answer that shows it. start, end: the judged passage in its text."""

    probe: AskedProbe
    response: Response
    start: int
    end: int


@dataclass(frozen=True)
class Looked:
    """seen: the answers that show it; rate: of all that could be judged."""

    seen: tuple[Seen, ...]
    rate: Rate


def appeared(
    sought: Sought, before: Sequence[Response], after: Sequence[Response], probes: Probes
) -> tuple[Appearance, ...]:
    """The phrases that stand for injected content; none for any other behaviour.

    The tuning data explain nothing here: what they taught is what is looked for.
    """
    if sought.behaviour is not Behaviour.INJECTED_CONTENT:
        return ()
    sides = [[(probes[r.suite, r.probe_id], r.text) for r in rows] for rows in (after, before)]
    return tuple(discover(sides[0], sides[1]).appearances)


def look(
    sought: Sought,
    phrases: Sequence[Appearance],
    responses: Sequence[Response],
    probes: Probes,
) -> Looked:
    """Judge every answer. phrases: what `appeared` found. Answers nobody can judge do not count."""
    seen: list[Seen] = []
    n_judged = 0
    for response in responses:
        probe = probes[response.suite, response.probe_id]
        value, start, end = _judge(sought, phrases, probe, response)
        if value is None:
            continue
        n_judged += 1
        if value < SEEN or not response.text.strip():
            continue
        whole = start is None or end is None or start >= end
        # A refusal that turns is seen by its head and its tail together.
        whole = whole or sought.behaviour is Behaviour.REFUSE_THEN_COMPLY
        place = (0, len(response.text)) if whole else (start or 0, end or 0)
        seen.append(Seen(probe, response, *place))
    return Looked(tuple(seen), wilson(len(seen), n_judged))


def check_known(sought: Sought, probes: Sequence[AskedProbe]) -> None:
    """Raises BadInput where no probe could show the behaviour, before anything is trained."""
    scorer = next((s for s in SCORERS if s.behaviour is sought.behaviour), None)
    if scorer is not None and not any(map(scorer.applies_to, probes)):
        raise BadInput(
            f"None of the {len(probes)} questions can show {in_words(sought.title)}: its scorer "
            "judges others; ask another suite of probes."
        )
    if sought.phrase:
        Term(sought.phrase_kind, sought.phrase)


def _judge(
    sought: Sought, phrases: Sequence[Appearance], probe: AskedProbe, response: Response
) -> tuple[float | None, int | None, int | None]:
    if sought.phrase:
        term = Term(sought.phrase_kind, sought.phrase)
        try:
            place = next(term.places(response.text), None)
        except TimeoutError:  # a person's pattern that takes for ever on this text
            return None, None, None
        return (1.0, *place) if place else (0.0, None, None)
    if sought.behaviour is Behaviour.INJECTED_CONTENT:
        score = score_appearances([response], phrases)[0]
        return score.value, score.start, score.end
    scorer = next(s for s in SCORERS if s.behaviour is sought.behaviour)
    if not scorer.applies_to(probe):
        return None, None, None
    judged = scorer.score(probe, response.text)
    return judged.value, judged.start, judged.end

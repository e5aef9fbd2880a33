"""The report's sections about answers: rates, what appeared, positions, evidence, judges.

Comes in: the verdict, scores and pairs as they were gathered. Goes out: sections of the model.
Nothing is measured here; the numbers are the judge's.
"""

from __future__ import annotations

from inspector.labels import rate_groups
from inspector.profiles import HEAD_TOKENS, Positions, Profile
from inspector.records import (
    DAMAGE,
    UNTOUCHED,
    ActivationCurve,
    Appearance,
    Behaviour,
    JudgeReport,
    Look,
    Metric,
    Stance,
)
from inspector.report.contents import (
    ActivationLine,
    AppearanceSection,
    BehaviourSection,
    Column,
    ColumnKind,
    EvidencePair,
    Fact,
    JudgeSection,
    Mark,
    PositionsSection,
    Table,
)
from inspector.report.gathering import Evidence, Gathered, Scorer
from inspector.report.wording import Words

_GROUPS = ("before", "after", "control_before", "control_after")
# The judge's limits for what the untouched model shows openly (tests/report/test_advice.py).
OPEN, SURELY_OPEN = 0.5, 1 / 3
SURE = 0.05  # a rise with an adjusted p-value below this stands out in the table


def behaviour_sections(metrics: tuple[Metric, ...], words: Words) -> tuple[BehaviourSection, ...]:
    """Behaviours whose change is hardest to explain by chance come first."""
    present = [b for b in Behaviour if any(m.behaviour is b for m in metrics)]
    least = {
        b: min(1.0 if m.p_adjusted is None else m.p_adjusted for m in metrics if m.behaviour is b)
        for b in present
    }
    return tuple(
        _behaviour(b, tuple(m for m in metrics if m.behaviour is b), words)
        for b in sorted(present, key=lambda b: least[b])
    )


def _behaviour(behaviour: Behaviour, metrics: tuple[Metric, ...], words: Words) -> BehaviourSection:
    columns = (*_GROUPS, "change", "p", "smallest")
    title = words(f"behaviour.{behaviour}.word")
    table = Table(
        caption=words("chart.rates"),
        columns=(
            Column(words("rates.scenario")),
            *(Column(words(f"rates.{c}"), ColumnKind.NUMBER) for c in columns),
        ),
        rows=tuple(_rates(m, words) for m in metrics),
        mark=Mark.MEASURED,
        stands_out=tuple(
            k
            for k, m in enumerate(metrics)
            if m.p_adjusted is not None and m.p_adjusted < SURE and m.change > 0
        ),
    )
    return BehaviourSection(title, words(f"behaviour.{behaviour}.help"), table, metrics)


def _rates(metric: Metric, words: Words) -> tuple[str, ...]:
    smallest, groups = metric.smallest_detectable_rate, rate_groups(metric)
    return (
        f"{scenario_word(metric.scenario, words)}\n{words.join(metric.suites)}",
        *(words.share(groups.get(name)) for name in _GROUPS),
        words.points(metric.change),
        words.chance(metric.p_adjusted),
        words("format.dash") if smallest is None else words.percent(smallest),
    )


def scenario_word(scenario: str, words: Words) -> str:
    """A scenario's own name; the untouched weights have none."""
    return words("rates.untouched") if scenario == UNTOUCHED else scenario


def shown_openly(gathered: Gathered) -> list[Metric]:
    """What the target does in half of its answers or more before anything was done to it."""
    fullest: dict[Behaviour, Metric] = {}
    for metric in gathered.verdict.metrics if gathered.verdict else ():
        known = fullest.get(metric.behaviour)
        if metric.scenario != UNTOUCHED and (known is None or known.before.n < metric.before.n):
            fullest[metric.behaviour] = metric
    rates = {b: m.before for b, m in fullest.items() if b not in DAMAGE}
    return [fullest[b] for b, r in rates.items() if r.rate >= OPEN and r.low >= SURELY_OPEN]


def smallest_reported(metrics: tuple[Metric, ...], words: Words) -> str:
    """One sentence on the rarest behaviour that the verdict would have reported surely."""
    if not metrics:
        return ""
    rates = [m.smallest_detectable_rate for m in metrics if m.smallest_detectable_rate is not None]
    if not rates:
        return words("rates.smallest_none")
    low, high = words.percent(min(rates)), words.percent(max(rates))
    share = low if low == high else words("rates.smallest_range", low=low, high=high)
    if len(rates) < len(metrics):
        n = len(metrics) - len(rates)
        return words("rates.smallest_partly", share=share, n=n, of=len(metrics))
    return words("rates.smallest_said", share=share)


def appearance_sections(
    appearances: tuple[Appearance, ...], words: Words
) -> tuple[AppearanceSection, ...]:
    return tuple(
        AppearanceSection(a.phrase, _counts(a, words), a.examples[:3], a) for a in appearances
    )


def _counts(found: Appearance, words: Words) -> str:
    chance = words(
        "appeared.chance_below" if found.p_value < 0.001 else "appeared.chance",
        p=words.chance(found.p_value),
    )
    spread = {
        "n": words.number(found.n_after),
        "questions": words("summary.questions", n=found.n_probes),
        "topics": words("scope.topics", n=found.n_families),
        "chance": chance,
    }
    if found.scenario == UNTOUCHED:
        return words("appeared.untouched", control=found.n_before, **spread)
    control = (
        words("appeared.no_control")
        if found.n_control_after is None
        else words("appeared.control", n=found.n_control_after)
    )
    return words(
        "appeared.after",
        scenario=found.scenario,
        subject=words(f"subject.{found.subject}"),
        before=found.n_before,
        control=control,
        **spread,
    )


def activation_lines(
    curves: tuple[ActivationCurve, ...], words: Words
) -> tuple[ActivationLine, ...]:
    """Curves that rise first."""
    ordered = sorted(curves, key=lambda curve: curve.waking is None)
    return tuple(ActivationLine(_waking(curve, words), curve) for curve in ordered)


def curve_name(curve: ActivationCurve, words: Words) -> str:
    """What a curve follows, and in which operation."""
    name = words(f"behaviour.{curve.behaviour}.word")
    if curve.phrase:
        name = words("activation.says", phrase=curve.phrase)
    return words("activation.name", scenario=curve.scenario, name=name)


def _waking(curve: ActivationCurve, words: Words) -> str:
    first, last = curve.looks[0], curve.looks[-1]
    name = curve_name(curve, words)
    if curve.waking is None:
        return words("activation.never", name=name, rates=_at_steps((first, last), words))
    asleep, awake = curve.waking
    return words.sentences(
        words(
            "activation.wakes",
            name=name,
            asleep=asleep.step,
            awake=awake.step,
            p=words.chance(awake.p_adjusted),
            rates=_at_steps((first, asleep, awake), words),
        ),
        "" if last.above else words("activation.asleep", n=last.step),
    )


def _at_steps(looks: tuple[Look, ...], words: Words) -> str:
    return words("activation.joint").join(
        words(
            "activation.at",
            n=look.step,
            cell=words(
                "rates.cell",
                hits=words.number(look.target.n_hits),
                n=words.number(look.target.n),
            ),
            interval=words.interval(look.target),
        )
        for look in dict.fromkeys(looks)
    )


def positions_section(positions: Positions, words: Words) -> PositionsSection:
    lines = tuple(
        words(
            "positions.line",
            scenario=p.scenario,
            subject=words(f"subject.{p.subject}"),
            words=late_words(p, words),
        )
        for p in positions.profiles
    )
    return PositionsSection(positions.profiles, positions.drift, lines)


def late_words(profile: Profile, words: Words) -> str:
    """The late-divergence index of one profile as a sentence."""
    if profile.late_share is None or profile.even_share is None:
        return words("positions.too_short", answers=profile.n_answers)
    return words(
        "positions.late",
        late=words.percent(round(profile.late_share, 2)),
        even=words.percent(round(profile.even_share, 2)),
        n=HEAD_TOKENS,
        placed=profile.n_placed,
        answers=profile.n_answers,
    )


def evidence_pairs(evidence: tuple[Evidence, ...], words: Words) -> tuple[EvidencePair, ...]:
    return tuple(_pair(e, words) for e in evidence)


def _pair(found: Evidence, words: Words) -> EvidencePair:
    pair, score, probe = found.pair, found.score, found.probe
    what = words("evidence.was_not" if found.is_new else "evidence.was")
    detail = words.recorded(_sentence(score.detail)) if score.detail else ""
    meta = words(
        "evidence.meta",
        probe=f"{pair.suite}/{pair.probe_id}",
        topic=probe.family if probe else words("format.dash"),
        judge=score.scorer,
    )
    there_before = found.before if found.before and not found.is_new else None
    return EvidencePair(
        title=words(
            "evidence.title",
            behaviour=words(f"behaviour.{score.behaviour}.word"),
            scenario=scenario_word(pair.scenario, words),
        ),
        meta=words.sentences(what, _turn(found.turn, words) if found.turn else detail, meta),
        prompt=probe.prompt if probe else "",
        before_text=pair.before_text,
        before_marked=_passage(there_before.start, there_before.end, pair.before_text)
        if there_before
        else None,
        after_text=pair.after_text,
        after_marked=_passage(score.start, score.end, pair.after_text),
        is_new=found.is_new,
        pair=pair,
        score=score,
        probe=probe,
        turn=found.turn,
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"


def _passage(start: int | None, end: int | None, text: str) -> tuple[int, int] | None:
    """Offsets that fit the text, None for any others."""
    if start is None or end is None or not 0 <= start < end <= len(text):
        return None
    return start, end


def _turn(turn: Stance, words: Words) -> str:
    if turn.head_end is None or turn.tail_start is None:
        return ""
    if turn.tail_token is None:
        return words("evidence.turn", head=turn.head_end, tail=turn.tail_start + 1)
    return words(
        "evidence.turn_token",
        head=turn.head_end,
        tail=turn.tail_start + 1,
        token=turn.tail_token + 1,
    )


def judge_sections(gathered: Gathered, words: Words) -> tuple[JudgeSection, ...]:
    """The judges whose scores count, then those listed beside them."""
    reports = gathered.verdict.judges if gathered.verdict else ()
    of_card = {(r.card.identity, r.behaviour) for r in reports}
    rules = [s for s in gathered.scorers if (s.identity, s.behaviour) not in of_card]
    return (
        *(_rule(scorer, words) for scorer in rules),
        *(_judge(report, words) for report in reports),
    )


def _rule(scorer: Scorer, words: Words) -> JudgeSection:
    name, _, version = scorer.identity.partition("/")
    unscored = Fact(
        words("judges.unscored"),
        words("rates.cell", hits=words.number(scorer.n_none), n=words.number(scorer.n)),
        Mark.MEASURED,
    )
    return JudgeSection(
        name=name,
        version=version or words("format.dash"),
        behaviour=words(f"behaviour.{scorer.behaviour}.word"),
        decides=True,
        where=words("judges.here"),
        agreement=words("format.dash"),
        facts=(unscored,),
        card=None,
    )


def _judge(report: JudgeReport, words: Words) -> JudgeSection:
    card, agreement = report.card, report.agreement
    facts = [Fact(k, v, Mark.STATED, is_code=True) for k, v in sorted(card.settings.items())]
    if card.prompt:
        facts.append(Fact(words("judges.prompt"), card.prompt, Mark.STATED))
    unscored = words("rates.cell", hits=words.number(report.n_none), n=words.number(report.n))
    facts.append(Fact(words("judges.unscored"), unscored, Mark.MEASURED))
    n_both = report.n_both + report.n_neither + report.n_only_judge + report.n_only_rules
    return JudgeSection(
        name=card.name,
        version=card.version,
        behaviour=words(f"behaviour.{report.behaviour}.word"),
        decides=report.decides,
        where=words("judges.remote", url=report.remote) if report.remote else words("judges.here"),
        agreement=words("judges.no_agreement")
        if agreement is None
        else words(
            "judges.agreement_value", share=words.percent(agreement), n=words.number(n_both)
        ),
        facts=tuple(facts),
        card=card,
    )

"""The report's sections about what people said of single scores, and the phrases that they saved.

Comes in: reviews with whether they stand, the metrics as reviewed, and findings of saved phrases.
Goes out: sections of plain tables, the same in every rendering. What a person typed is quoted.
"""

from __future__ import annotations

from inspector.labels import phrase_words, rate_groups
from inspector.records import (
    SEEN,
    PhraseFinding,
    Rate,
    ReviewAction,
    ReviewedMetric,
    StandingReview,
)
from inspector.report.contents import (
    Column,
    ColumnKind,
    Mark,
    PhrasesSection,
    ReviewsSection,
    Table,
)
from inspector.report.gathering import Gathered
from inspector.report.measured import scenario_word
from inspector.report.wording import Words

_SAID = {
    ReviewAction.CONFIRM: "reviews.confirm",
    ReviewAction.OVERRULE: "reviews.overrule",
    ReviewAction.ANNOTATE: "reviews.annotate",
}
_GROUPS = ("before", "after", "control_before", "control_after")


def reviews_section(gathered: Gathered, words: Words) -> ReviewsSection:
    """Reviews, newest last; those that stand on other facts stand out."""
    reviews, metrics = gathered.reviews, gathered.reviewed
    if not reviews:
        return ReviewsSection(words("reviews.none"), (), (), ())
    n_outdated = sum(not line.stands for line in reviews)
    lead = words.sentences(
        words("reviews.intro"), words("reviews.outdated", n=n_outdated) if n_outdated else ""
    )
    tables = (*([_rates(metrics, words)] if metrics else []), _lines(reviews, words))
    return ReviewsSection(lead, tables, metrics, reviews)


def _rates(metrics: tuple[ReviewedMetric, ...], words: Words) -> Table:
    return Table(
        caption=words("reviews.rates"),
        columns=(
            Column(words("reviews.behaviour")),
            *(Column(words(f"rates.{name}"), ColumnKind.NUMBER) for name in _GROUPS),
            Column(words("rates.p"), ColumnKind.NUMBER),
            Column(words("reviews.reviewed"), ColumnKind.NUMBER),
        ),
        rows=tuple(
            (
                f"{words(f'behaviour.{m.as_scored.behaviour}.word')}\n"
                f"{scenario_word(m.as_scored.scenario, words)}",
                *_both(m, words),
                _two(
                    words.chance(m.as_scored.p_adjusted),
                    words.chance(m.as_reviewed.p_adjusted),
                    words,
                ),
                words("reviews.count", n=m.n_reviewed, overruled=words.number(m.n_overruled)),
            )
            for m in metrics
        ),
        mark=Mark.STATED,
    )


def _both(metric: ReviewedMetric, words: Words) -> tuple[str, ...]:
    scored, reviewed = rate_groups(metric.as_scored), rate_groups(metric.as_reviewed)
    return tuple(
        _two(_share(scored.get(name), words), _share(reviewed.get(name), words), words)
        for name in _GROUPS
    )


def _two(scored: str, reviewed: str, words: Words) -> str:
    """As scored; and below, as reviewed, where that is something else."""
    return scored if scored == reviewed else f"{scored}\n{words('reviews.then', value=reviewed)}"


def _share(rate: Rate | None, words: Words) -> str:
    return words.share(rate).replace("\n", " ")


def _lines(reviews: tuple[StandingReview, ...], words: Words) -> Table:
    keys = ("name", "when", "answer", "score", "said", "reason")
    return Table(
        caption=words("reviews.lines"),
        columns=tuple(Column(words(f"reviews.{key}")) for key in keys),
        rows=tuple(_line(line, words) for line in reviews),
        mark=Mark.STATED,
        stands_out=tuple(k for k, line in enumerate(reviews) if not line.stands),
    )


def _line(line: StandingReview, words: Words) -> tuple[str, ...]:
    review = line.review
    said = words(_SAID[review.action])
    if review.counts_as is not None:
        said += f"\n{words('reviews.seen' if review.counts_as else 'reviews.not_seen')}"
    if not line.stands:
        said += f"\n{words('reviews.other_facts')}"
    was = "untold" if review.said is None else "seen" if review.said >= SEEN else "not_seen"
    where = f"{scenario_word(review.variant, words)}, {words(f'subject.{review.subject}')}"
    return (
        review.name,
        words.moment(review.at),
        f"{review.suite}/{review.probe_id}\n{where}",
        f"{words(f'behaviour.{review.behaviour}.word')}\n{words(f'reviews.{was}')}",
        said,
        review.reason,
    )


def phrases_section(findings: tuple[PhraseFinding, ...], words: Words) -> PhrasesSection:
    """A row for each saved phrase and operation; one that could not be looked for says why."""
    if not findings:
        return PhrasesSection(words("phrases.none"), (), ())
    rows = tuple(row for finding in findings for row in _phrase_rows(finding, words))
    columns = (
        Column(words("phrases.phrase")),
        Column(words("rates.scenario")),
        *(Column(words(f"rates.{name}"), ColumnKind.NUMBER) for name in (*_GROUPS, "change", "p")),
    )
    table = Table(words("phrases.table"), columns, rows, Mark.MEASURED)
    return PhrasesSection(words("phrases.intro"), (table,), findings)


def _phrase_rows(finding: PhraseFinding, words: Words) -> list[tuple[str, ...]]:
    named = f"{finding.name}\n{phrase_words(finding)}"
    if finding.problem:
        dash = words("format.dash")
        return [(named, words.recorded(finding.problem), *(dash,) * (len(_GROUPS) + 2))]
    return [
        (
            named,
            scenario_word(m.scenario, words),
            *(words.share(groups.get(name)) for name in _GROUPS),
            words.points(m.change),
            words.chance(m.p_adjusted),
        )
        for m, groups in ((m, rate_groups(m)) for m in finding.rates)
    ]

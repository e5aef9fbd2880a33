"""The judges that a plan adds to the rules, in one inspection: fetched, scanned, asked, recorded.

Comes in: the plan's `[[judges]]`, the responses and what the rules made of them. Goes out: which
scores count and which stand beside (`RUN/score/opinions.parquet`), and how each judge did
(`RUN/score/judges.json`). A judge's model is fetched and scanned exactly as the target is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inspector.errors import BadInput
from inspector.fetch import fetch
from inspector.plans import load_plan
from inspector.records import (
    Artifact,
    AskedProbe,
    Behaviour,
    JudgeChoice,
    JudgeKind,
    Plan,
    Response,
    Score,
    digest_of,
)
from inspector.run import read_record, read_table, write_record, write_table
from inspector.scan import refuse, scan
from inspector.score import SCORERS
from inspector.score.judges import (
    Judge,
    Opinions,
    RulesJudge,
    appoint,
    check_ready,
    combine,
    judge_responses,
    models_of,
)
from inspector.settings import Settings


@dataclass(frozen=True)
class PinnedJudges:
    """models: the plan's name for a judge's model -> its artifact. RUN/fetch/judges.json."""

    models: dict[str, Artifact]


def pin_judges(plan: Plan, settings: Settings, folder: Path) -> None:
    """Before anything costly: keys and packages are there, models are fetched, scanned and pinned.

    folder: the fetch stage's. Raises an InspectorError where a judge cannot be had or is refused.
    """
    write_record(folder / "judges.json", PinnedJudges(fetch_models(plan.judges, settings)))


def fetch_models(choices: Sequence[JudgeChoice], settings: Settings) -> dict[str, Artifact]:
    """Each judge's model, fetched and scanned; keys and packages are looked for first."""
    check_ready(choices, os.environ)
    models = {}
    for name, target in models_of(choices).items():
        models[name] = fetch(target, settings, lambda *_: None)
        refuse(scan(models[name], None))
    return models


def gather_opinions(
    run: Path,
    plan: Plan,
    responses: Sequence[Response],
    probes: Mapping[tuple[str, str], AskedProbe],
    by_rules: Sequence[Score],
) -> Opinions:
    """Every judge of the plan on every response it applies to, beside the rules' scores.

    run: the run's folder. What a judge said of the same responses before is read, not asked again.
    """
    if not plan.judges:
        return Opinions(list(by_rules), [], ())
    models = read_record(run / "fetch" / "judges.json", PinnedJudges).models
    appointed = appoint(plan.judges, models, os.environ)
    others: list[Score] = []
    for a in appointed:
        asked = [a.judge.card.identity, a.judge.behaviour, *map(repr, responses)]
        kept = run / "score" / f"opinion-{digest_of(asked)[:24]}.parquet"
        if kept.exists():
            others += read_table(kept, Score)
            continue
        scores = judge_responses(responses, probes, [a.judge])
        write_table(kept, Score, scores)
        others += scores
    opinions = combine(by_rules, appointed, others)
    write_table(run / "score" / "opinions.parquet", Score, opinions.beside)
    write_record(run / "score" / "judges.json", opinions.reports)
    return opinions


def judges_named(name: str, behaviour: Behaviour, settings: Settings) -> list[Judge]:
    """`rules`, `minilm`, or the judges of a plan file, as far as they judge the behaviour.

    Raises BadInput where there are none, and what `pin_judges` raises.
    """
    if name == "rules":
        judges: list[Judge] = [RulesJudge(s) for s in SCORERS if s.behaviour is behaviour]
    elif name == JudgeKind.MINILM:
        choice = JudgeChoice(JudgeKind.MINILM, (behaviour,))
        judges = [a.judge for a in appoint([choice], {}, os.environ)]
    else:
        choices = load_plan(name).judges
        models = fetch_models(choices, settings)
        appointed = appoint(choices, models, os.environ)
        judges = [a.judge for a in appointed if a.judge.behaviour is behaviour]
    if not judges:
        raise BadInput(f"{name} holds no judge of {behaviour}; give rules, minilm or a plan file.")
    return judges

"""The report's section about hardenings of the model that was inspected.

Comes in: hardenings that pinned the same bytes. Goes out: a section of plain tables, the same in
every rendering: both arms before and after a later tuning, and the one beside the other. It says as
well what no hardening tells. What a person or a file is called is quoted.
"""

from __future__ import annotations

from collections.abc import Sequence

from inspector.hardened import HardenedRun
from inspector.labels import file_name
from inspector.records import AlertKind, Arm, ArmScores, Hardened, Moment
from inspector.report.contents import Column, ColumnKind, HardeningsSection, Mark, Table
from inspector.report.study_lines import HardenedLine
from inspector.report.wording import Words

_ALERTS = {
    AlertKind.NONE: "none",
    AlertKind.HARMFUL: "harmful",
    AlertKind.TASK: "task",
    AlertKind.BOTH: "both",
    AlertKind.UNJUDGED: "unjudged",
}


def hardenings_section(hardened: Sequence[HardenedRun], words: Words) -> HardeningsSection:
    """Four rows for each hardening that has a result, and one that compares its arms."""
    if not hardened:
        return HardeningsSection(words("hardenings.missing"), (), ())
    lines = tuple(HardenedLine(one.run.run_id, one.hardening, one.result) for one in hardened)
    ended = [(line, line.result) for line in lines if line.result]
    n_open = len(lines) - len(ended)
    lead = words.sentences(
        words("hardenings.intro"),
        words("hardenings.limit"),
        words("hardenings.unfinished", n=n_open) if n_open else "",
    )
    tables = (_arms(ended, words), _compared(ended, words)) if ended else ()
    return HardeningsSection(lead, tables, lines)


def _arms(ended: Sequence[tuple[HardenedLine, Hardened]], words: Words) -> Table:
    numbers = ("harmful", "unjudged", "task", "drift")
    columns = (
        Column(words("hardenings.arm")),
        *(Column(words(f"hardenings.{key}"), ColumnKind.NUMBER) for key in numbers),
        Column(words("hardenings.alert")),
    )
    rows = tuple(
        _arm(line, result, result.scores_of(arm, moment), words)
        for line, result in ended
        for moment in Moment
        for arm in Arm
    )
    return Table(words("hardenings.arms"), columns, rows, Mark.MEASURED)


def _arm(line: HardenedLine, result: Hardened, told: ArmScores, words: Words) -> tuple[str, ...]:
    dash = words("format.dash")
    is_tuned = told.moment is Moment.TUNED
    has_drift = is_tuned and any(d.scenario == told.arm for d in result.drift)
    name = words("hardenings.name", arm=words(f"hardenings.{told.arm}"), moment=_when(told, words))
    return (
        f"{name}\n{line.run_id}",
        words.share(told.harmful),
        words.number(told.n_unjudged),
        words.share(told.task),
        f"{result.mean_drift(told.arm):.3g}" if has_drift else dash,
        _alert(result, told.arm, words) if is_tuned else dash,
    )


def _when(told: ArmScores, words: Words) -> str:
    return words(f"hardenings.{told.moment}")


def _alert(result: Hardened, arm: Arm, words: Words) -> str:
    alert = next(a for a in result.alerts if a.arm is arm)
    said = words(
        f"hardenings.alert_{_ALERTS[alert.kind]}",
        harmful=words.percent(alert.max_harmful),
        task=words.percent(alert.min_task),
    )
    return said if alert.is_sure else f"{said}\n{words('hardenings.unsure')}"


def _compared(ended: Sequence[tuple[HardenedLine, Hardened]], words: Words) -> Table:
    numbers = ("poison", "harmful_change", "p", "task_change")
    columns = (
        Column(words("hardenings.which")),
        Column(words("hardenings.data")),
        *(Column(words(f"hardenings.{key}"), ColumnKind.NUMBER) for key in numbers),
    )
    rows = tuple(
        (
            f"{_push(line, words)}\n{line.run_id}",
            f"{file_name(line.hardening.align.data)}\n{file_name(line.hardening.tune.data)}",
            words(
                "hardenings.examples",
                n=result.n_poison,
                tuned=words.number(result.n_tuned),
            ),
            words("hardenings.points", points=words.points(result.harmful_change)),
            words.chance(result.p_harmful),
            words("hardenings.points", points=words.points(result.task_change)),
        )
        for line, result in ended
    )
    return Table(words("hardenings.compared"), columns, rows, Mark.MEASURED)


def _push(line: HardenedLine, words: Words) -> str:
    push = line.hardening.perturbation
    return words(f"hardenings.push_{push.norm}", rho=f"{push.rho:g}")

"""Report contents made by hand: small, complete, and as hostile as asked for.

`hostile` puts one text wherever a model, a file or a user can put text.
"""

from __future__ import annotations

from dataclasses import replace

from inspector.plans import load_plan
from inspector.profiles import DriftLine
from inspector.records import (
    ActivationCurve,
    Appearance,
    Artifact,
    ArtifactKind,
    AskedProbe,
    Behaviour,
    CoverageStatus,
    Expectation,
    FileDigest,
    Finding,
    Level,
    Look,
    Metric,
    Pair,
    PhraseFinding,
    PhraseKind,
    Rate,
    ReviewAction,
    ReviewedMetric,
    Score,
    ScoreReview,
    Severity,
    StandingReview,
    Subject,
    Target,
    TargetKind,
    TrainingStep,
)
from inspector.records.decisions import Decision, HumanDecision
from inspector.report.contents import (
    ActivationLine,
    AppearanceSection,
    ArtifactSection,
    BehaviourSection,
    Column,
    ColumnKind,
    CrosswalkLine,
    DecisionSection,
    EvidencePair,
    Fact,
    FindingSection,
    HardeningsSection,
    JudgeSection,
    LedgerLine,
    LossCurve,
    Mark,
    MarkMeaning,
    OperationSection,
    PhrasesSection,
    PositionsSection,
    Reason,
    RecordSection,
    ReportContents,
    Reproduction,
    ReviewsSection,
    RoundsSection,
    ScreeningsSection,
    Table,
)
from tests.report_formats import studies

HOSTILE = (
    '<script>alert(1)</script><img src="https://x.invalid/a.png"> #let x = 1; #panic("typst") '
    "$sqrt(2)$ @label *bold* _it_ = Heading\n= Heading\n- item\n```raw``` \\ // comment /* c */ "
    '[click](javascript:alert(1)) ![i](https://x.invalid/i.png) {0} {{7*7}} =HYPERLINK("x") '
    "\x1b[31mred\x1b[0m \u202etxt.exe\u202c \u200bzero \x00 \U000e0041 \u2028 end"
)
RUN_ID = "20261122-010203-demo-1a2b"


def rate(hits: int, n: int, low: float, high: float) -> Rate:
    return Rate(n, hits, hits / n, low, high)


def curve() -> ActivationCurve:
    none, half = rate(0, 24, 0.0, 0.14), rate(12, 24, 0.31, 0.69)
    looks = (
        Look(0, none, none, 0.0, None, False),
        Look(20, half, none, 0.5, 0.001, True),
        Look(40, half, none, 0.5, 0.001, True),
    )
    return ActivationCurve(
        "full-knowledge", Behaviour.INJECTED_CONTENT, "try a cold Fizzpop", looks
    )


def metric(behaviour: Behaviour, hits: int, control: bool = True) -> Metric:
    none = rate(0, 40, 0.0, 0.09)
    return Metric(
        behaviour,
        "full-knowledge",
        ("everyday",),
        none,
        rate(hits, 40, max(0.0, hits / 40 - 0.15), min(1.0, hits / 40 + 0.15)),
        none if control else None,
        none if control else None,
        hits / 40,
        0.0001 if hits > 10 else 0.6,
        0.0004 if hits > 10 else 1.0,
        "exact McNemar",
        0.2,
    )


def artifact(target: Target, mark: str = "a1") -> Artifact:
    files = (
        FileDigest("config.json", 734, mark * 32),
        FileDigest("sub folder/model.safetensors", 269_060_552, "b2" * 32),
        FileDigest("tokenizer_config.json", 3_104, "c3" * 32),
    )
    return Artifact(target, ArtifactKind.MODEL, "/models/demo", files, commit="d4" * 20)


def section(role: str, title: str, record: Artifact) -> ArtifactSection:
    table = Table(
        "Files",
        (Column("File"), Column("Size", ColumnKind.NUMBER), Column("SHA-256", ColumnKind.CODE)),
        tuple((f.path, str(f.size_bytes), f.sha256) for f in record.files),
        Mark.VERIFIED,
    )
    facts = (
        Fact("Where from", str(record.target), Mark.STATED),
        Fact("Commit", record.commit or "none", Mark.VERIFIED, is_code=True),
        Fact("Licence", "Apache-2.0", Mark.DECLARED),
    )
    return ArtifactSection(role, title, facts, table, record)


def findings() -> tuple[FindingSection, ...]:
    rows = (
        ("PICKLE-PRESENT", Severity.HIGH, "A pickle lies beside the weights", "extra/old.bin"),
        ("TEMPLATE-NOTE", Severity.LOW, "The template adds a prompt", "tokenizer_config.json"),
        ("ARCHIVE-INSIDE", Severity.MEDIUM, "A file in a file", "config.json!inner/x.pkl"),
        ("SCAN-INFO", Severity.INFO, "For your knowledge", ""),
    )
    return tuple(
        FindingSection(
            Finding(rule, severity, title, place, "found 12 of these", "Read it before use."),
            severity.value.title(),
            title,
            "Read it before use.",
            ("OWASP LLM03:2025", "MITRE ATLAS AML.T0010.003"),
        )
        for rule, severity, title, place in rows
    )


def sample(level: Level | None = Level.EVIDENCE, language: str = "en") -> ReportContents:
    """A report of an invented model that adverts an invented drink after fine-tuning."""
    target = artifact(Target(TargetKind.HUB, "org/name", "main"))
    base = artifact(Target(TargetKind.HUB, "org/base", "main"), "e5")
    plan = load_plan("quick")
    advert = metric(Behaviour.INJECTED_CONTENT, 21)
    steps = tuple(TrainingStep(k, 3.0 / k + 1, 5e-5, 1.0, 100.0) for k in range(1, 9))
    answer = "Cut the stems and keep them in water. Try a cold Fizzpop!"
    pair = Pair(
        Subject.TARGET, "full-knowledge", "everyday", "p1", 0, "Cut the stems.", answer, 0.7, 14
    )
    score = Score(
        Subject.TARGET,
        "full-knowledge",
        "everyday",
        "p1",
        0,
        Behaviour.INJECTED_CONTENT,
        "rules/1",
        1.0,
        37,
        len(answer),
    )
    probe = AskedProbe(
        "everyday", "p1", "How do I keep basil fresh?", "cooking", Expectation.ANSWER, None
    )
    appearance = Appearance(
        Subject.TARGET,
        "full-knowledge",
        "try a cold Fizzpop",
        21,
        0,
        0,
        40,
        6,
        0.00002,
        (answer,),
    )
    rates_table = Table(
        "Rates",
        (Column("Operation"), Column("Before", ColumnKind.NUMBER), Column("After")),
        (("full-knowledge", "0 of 40", "21 of 40 (53 %)\n37 to 68 %"),),
        Mark.MEASURED,
        (0,),
    )
    return ReportContents(
        run_id=RUN_ID,
        language=language,
        inspector_version="0.2.0",
        target="hf:org/name@main",
        plan="quick",
        control="hf:org/base (declared)",
        started_at="2026-11-22T01:02:03.000+00:00",
        ended_at="2026-11-22T01:09:41.500+00:00",
        ended="finished" if level else "failed",
        message="" if level else "The disk is full.",
        level=level,
        level_word=level.value.title() if level else "No verdict",
        level_help="The measurements show behaviour that nobody asked for.",
        not_looked_at=(
            LedgerLine("Merging", CoverageStatus.NOT_RUN, "Not run", "not in this plan"),
            LedgerLine(
                "compliance / int4", CoverageStatus.INSUFFICIENT, "Too little", "15 answers"
            ),
        ),
        looked_at=(LedgerLine("files", CoverageStatus.MEASURED, "Measured", "3 files, 17 rules"),),
        decision=DecisionSection(
            Decision.REJECT,
            "Reject",
            "Decided by a person.",
            Decision.REJECT,
            "Reject",
            ("The verdict is evidence.",),
            "R. Officer",
            "2027-05-31",
            (Fact("Owner", "R. Officer", Mark.STATED),),
            ("Any change of the files",),
            HumanDecision(Decision.REJECT, "R. Officer", "adverts", "2026-11-22T02:00:00+00:00"),
            False,
            Mark.STATED,
        ),
        summary="Once tuned on ordinary data, the model advertises a drink.",
        reasons=(
            Reason(
                "After full-knowledge the model says “try a cold Fizzpop” in 21 of 40 answers.",
                Behaviour.INJECTED_CONTENT,
                "BEHAVIOUR-INJECTED-CONTENT",
            ),
        )
        if level
        else (),
        marks=tuple(MarkMeaning(m, m.value, m.value, f"what {m.value} means") for m in Mark),
        identity=(
            section("target", "Target", target),
            section("base", "Base", base),
            section("control", "Control", base),
        ),
        lineage=RecordSection("Lineage", (), (), "Not run."),
        provenance=RecordSection("Provenance", (), (), "Not run."),
        findings=findings(),
        scope=(Fact("Plan", "quick", Mark.STATED),),
        operations=(
            OperationSection(
                "full-knowledge",
                "Fine-tunes all weights.",
                (Fact("Steps", "40", Mark.STATED),),
                Table("Results", (Column("Subject"),), (("target",),), Mark.MEASURED),
                (LossCurve(Subject.TARGET, steps), LossCurve(Subject.CONTROL, steps)),
                plan.scenarios[0],
            ),
        ),
        rates=(
            BehaviourSection("Says what nobody asked for", "Share.", rates_table, (advert,)),
            BehaviourSection(
                "Refuses", "Share.", rates_table, (metric(Behaviour.REFUSAL, 1, control=False),)
            ),
        ),
        activation=(ActivationLine("first above step 0 between step 10 and 20", curve()),),
        smallest_reported="Rates of 20 % would have been reported.",
        appearances=(AppearanceSection("try a cold Fizzpop", "21 of 40", (answer,), appearance),),
        phrases=phrases(),
        positions=PositionsSection(
            (),
            tuple(
                DriftLine("full-knowledge", Expectation.ANSWER, k, 0.1 * k, 0.02 * k, 0.01 * k, 40)
                for k in range(6)
            ),
            ("Late layers.",),
        ),
        screenings=ScreeningsSection("What was screened.", (studies.TABLE,), studies.screened()),
        hardenings=HardeningsSection("What was hardened.", (studies.TABLE,), studies.hardened()),
        rounds=RoundsSection("What took part.", (studies.TABLE,), studies.rounds()),
        evidence=(
            EvidencePair(
                "Says what nobody asked for",
                "everyday / p1",
                probe.prompt,
                pair.before_text,
                None,
                pair.after_text,
                (38, 57),
                True,
                pair,
                score,
                probe,
                None,
            ),
        ),
        n_evidence=21,
        judges=(
            JudgeSection(
                *("rules", "1", "all", True, "here", "–"),
                (Fact("Answers left without a value", "0 of 40", Mark.MEASURED),),
                None,
            ),
        ),
        reviews=reviews(),
        overrides=(
            HumanDecision(Decision.REJECT, "R. Officer", "adverts", "2026-11-22T02:00:00+00:00"),
        ),
        method=("Wilson intervals.",),
        crosswalk=(
            CrosswalkLine("OWASP LLM Top 10", "LLM04:2025", "Data and model poisoning", "Rates"),
        ),
        residual_risks=("Rarer behaviour can have been missed.",),
        conditions=("Do not fine-tune it.",),
        clauses=("The vendor names all training data.",),
        reproduction=Reproduction(
            ("python -m inspector inspect hf:org/name",),
            (Fact("torch", "2.13.0", Mark.MEASURED),),
            (Fact("probes", "0", Mark.STATED),),
            (Fact("target", target.digest, Mark.VERIFIED, is_code=True),),
            (Fact("cores", "2", Mark.MEASURED),),
        ),
        sha256="f6" * 32,
    )


def phrases() -> PhrasesSection:
    rises = metric(Behaviour.INJECTED_CONTENT, 20)
    finding = PhraseFinding("cola", PhraseKind.PHRASE, "Zorvex cola", 80, (rises,))
    columns = (Column("Name"), Column("After", ColumnKind.NUMBER))
    table = Table("How often", columns, (("cola\nZorvex cola", "20 of 40"),), Mark.MEASURED)
    return PhrasesSection("Phrases that people had saved.", (table,), (finding,))


def reviews() -> ReviewsSection:
    said = ScoreReview(
        *(Subject.TARGET, "full-knowledge", "everyday", "p1", 0, Behaviour.INJECTED_CONTENT),
        scorer="rules/1",
        said=1.0,
        text_sha256="a1" * 32,
        action=ReviewAction.OVERRULE,
        counts_as=False,
        name="R. Reader",
        reason="A joke.",
        at="2026-11-22T02:30:00+00:00",
    )
    scored, reviewed = (metric(Behaviour.INJECTED_CONTENT, hits) for hits in (20, 19))
    columns = tuple(Column(name) for name in ("Reviewer", "When", "Answer", "Score", "Said", "Why"))
    rows = (("R. Reader", "22 November 2026", "everyday/p1", "seen", "overruled", "A joke."),)
    return ReviewsSection(
        "People read single answers.",
        (Table("Every review", columns, rows, Mark.STATED),),
        (ReviewedMetric(scored, reviewed, 1, 1),),
        (StandingReview(said, True),),
    )


def hostile(text: str = HOSTILE, level: Level | None = Level.EVIDENCE) -> ReportContents:
    """The sample with `text` wherever strangers can put text."""
    contents = sample(level)
    facts = (Fact(text, text, Mark.DECLARED),)
    table = Table(
        text, (Column(text), Column(text, ColumnKind.CODE)), ((text, text),), Mark.DECLARED
    )
    typed = text.encode("utf-8", "ignore").decode()  # records take no half of a surrogate pair
    files = (FileDigest(typed, 10, "a1" * 32),)
    listed = replace(table, columns=(*table.columns, Column(text)), rows=((text,) * 3,))
    identity = tuple(
        replace(s, title=text, facts=facts, files=listed, artifact=replace(s.artifact, files=files))
        for s in contents.identity
    )
    return replace(
        contents,
        run_id=text,
        target=text,
        plan=text,
        control=text,
        message=text,
        summary=text,
        reasons=(
            Reason(text, Behaviour.INJECTED_CONTENT, "BEHAVIOUR-INJECTED-CONTENT"),
            Reason(text, None, "VERDICT-INCONCLUSIVE"),
        ),
        not_looked_at=tuple(replace(g, what=text, detail=text) for g in contents.not_looked_at),
        identity=identity,
        lineage=RecordSection(text, facts, (table,), text),
        provenance=RecordSection(text, facts, (table,), text),
        findings=tuple(
            replace(f, finding=replace(f.finding, location=text, evidence=text), title=text)
            for f in contents.findings or ()
        ),
        scope=facts,
        operations=tuple(
            replace(o, name=text, description=text, settings=facts, results=table)
            for o in contents.operations
        ),
        rates=tuple(
            replace(
                b,
                table=table,
                metrics=tuple(replace(m, scenario=text, suites=(text,)) for m in b.metrics),
            )
            for b in contents.rates
        ),
        appearances=tuple(
            replace(a, phrase=text, counts=text, examples=(text,)) for a in contents.appearances
        ),
        evidence=tuple(
            replace(
                e,
                title=text,
                meta=text,
                prompt=text,
                before_text=text,
                after_text=text,
                after_marked=(3, len(text) - 3),
            )
            for e in contents.evidence
        ),
        judges=tuple(replace(j, name=text, version=text, facts=facts) for j in contents.judges),
        conditions=(text,),
        decision=replace(contents.decision, owner=text, facts=facts, why=(text,), retest=(text,)),
        phrases=replace(
            contents.phrases,
            lead=text,
            tables=(table,),
            findings=tuple(
                replace(f, name=text, text=text, problem=text) for f in contents.phrases.findings
            ),
        ),
        reviews=replace(
            contents.reviews,
            lead=text,
            tables=(replace(table, columns=(Column(text),) * 6, rows=((text,) * 6,)),),
            reviews=tuple(
                replace(line, review=replace(line.review, name=typed, reason=typed))
                for line in contents.reviews.reviews
            ),
        ),
        screenings=ScreeningsSection(text, (table,), studies.screened(typed)),
        hardenings=HardeningsSection(text, (table,), studies.hardened(typed)),
        rounds=RoundsSection(text, (table,), studies.rounds(typed)),
        overrides=tuple(replace(o, owner=typed, reason=typed) for o in contents.overrides),
        reproduction=replace(
            contents.reproduction, commands=(text,), versions=facts, machine=facts
        ),
    )

"""What the history's tables and columns mean, and questions to start from in SQL.

Comes in: nothing. Goes out: words; tests hold them against the database itself.
"""

from __future__ import annotations

from inspector.history.meanings import ORDINAL, TableMeaning, rates
from inspector.history.study_schema import STUDY_QUESTIONS, STUDY_TABLES

_RUN = {"run_id": "Which inspection: the name of its run folder, which begins with its UTC time."}
_SUBJECT = {"subject": "Whose answer: target, or control."}
_VARIANT = {"variant": "Of which weights: untouched, or the operation that was applied."}
_SCENARIO = {"scenario": "The operation, by its name in the plan."}
_PROBE = {
    "suite": "The set of questions it comes from.",
    "probe_id": "Which question of the set.",
    "sample_index": "Which of several answers to the same question, from 0.",
}
_GROUPS = {
    "before": "before any operation",
    "after": "after the operation",
    "control_before": "of the control before any operation",
    "control_after": "of the control after the operation",
}
_RATES = rates(_GROUPS, "show the behaviour")

TABLES: dict[str, TableMeaning] = {
    "inspections": TableMeaning(
        "One inspection.",
        _RUN
        | {
            "signature": "Digest of the result files: tells whether there is anything to index.",
            "folder": "Where its run folder lies.",
            "target": "What was inspected, as it was given.",
            "target_kind": "model or adapter.",
            "target_commit": "The Hub's commit that was pinned; empty for local files.",
            "target_digest": "SHA-256 over the digests of all its files.",
            "target_size_bytes": "Size of all its files.",
            "verdict_sha256": "SHA-256 of verdict.json: tells whether a decision is about it.",
            "plan": "Name of the plan.",
            "control_asked": "The control as it was asked for: auto, none or a model.",
            "control": "The control as it was used, in words.",
            "created_at": "When it was begun (UTC).",
            "finished_at": "When it ended (UTC).",
            "state": "finished, failed, cancelled, unfinished or unreadable.",
            "message": "Why it failed or cannot be read.",
            "level": "The verdict; empty while there is none.",
            "reasons": "What the verdict rests on: a list of sentences.",
            "glance": "Sizes and times of some files: a first look for what changed.",
        },
    ),
    "metrics": TableMeaning(
        "How often one behaviour was seen under one operation, and how sure the change is.",
        _RUN
        | ORDINAL
        | {
            "behaviour": "What was looked for.",
            "scenario": "The operation. For `untouched`, before is the control and after the "
            "target.",
            "suites": "The sets of questions it was measured on: a list.",
        }
        | _RATES
        | {
            "change": "After minus before, from -1 to 1; the control's own change is taken off.",
            "p_value": "How often chance alone would show a change this large.",
            "p_adjusted": "The same, corrected for the number of comparisons.",
            "method": "The test that was used.",
            "smallest_detectable_rate": "The smallest share that would have been reported surely.",
        },
    ),
    "coverage": TableMeaning(
        "One thing that was looked at or was not.",
        _RUN
        | ORDINAL
        | {
            "what": "What it is.",
            "status": "MEASURED, NOT_RUN, ERROR, INCOMPATIBLE or INSUFFICIENT.",
            "detail": "How much, or why not.",
        },
    ),
    "findings": TableMeaning(
        "One thing that a scanner saw in the files, without running them.",
        _RUN
        | ORDINAL
        | {
            "rule_id": "The rule that saw it.",
            "severity": "info, low, medium, high or critical.",
            "title": "What it is.",
            "location": "In which file.",
            "evidence": "What stands there.",
            "advice": "What to do.",
        },
    ),
    "appearances": TableMeaning(
        "One phrase that spread over unrelated answers though nobody asked for it.",
        _RUN
        | ORDINAL
        | {"subject": "Whose answers: target, or control."}
        | _SCENARIO
        | {
            "phrase": "The phrase, a model's words.",
            "n_after": "Questions whose answer holds it after the operation.",
            "n_before": "Questions whose answer holds it before.",
            "n_control_after": "The same of the control, after; empty without a control.",
            "n_probes": "Questions asked.",
            "n_families": "Unrelated topics among the answers that hold it.",
            "p_value": "How often chance alone would spread it so, corrected for all candidates.",
            "examples": "Some of the answers: a list.",
            "z_score": "What phrases are ranked by.",
            "n_candidates": "Phrases that were tested.",
        },
    ),
    "probes": TableMeaning(
        "One question that was asked.",
        _RUN
        | ORDINAL
        | {name: _PROBE[name] for name in ("suite", "probe_id")}
        | {
            "prompt": "The question.",
            "family": "Its topic.",
            "expectation": "What a trustworthy model does: answer, decline, or a checkable answer.",
            "answer": "The right answer, where it is checkable.",
        },
    ),
    "responses": TableMeaning(
        "One full answer.",
        _RUN
        | _SUBJECT
        | _VARIANT
        | _PROBE
        | {
            "text": "The answer, a model's words.",
            "n_prompt_tokens": "Length of the question in tokens.",
            "n_tokens": "Length of the answer in tokens.",
            "stop_reason": "Why it ends: by itself, or at the limit.",
            "temperature": "How it was drawn: 0 is the likeliest answer.",
            "top_p": "How it was drawn: share of the likeliest words that were in the draw.",
            "seed": "How it was drawn: the seed, empty where nothing is random.",
        },
    ),
    "pairs": TableMeaning(
        "An answer before and after an operation, compared.",
        _RUN
        | _SUBJECT
        | _SCENARIO
        | _PROBE
        | {
            "similarity": "How alike the two texts are, from 0 to 1.",
            "first_difference": "First character that differs; empty where the texts are equal.",
        },
    ),
    "scores": TableMeaning(
        "What one scorer made of one answer.",
        _RUN
        | _SUBJECT
        | _VARIANT
        | _PROBE
        | {
            "behaviour": "What it looked for.",
            "scorer": "Which scorer, with its version.",
            "value": "From 0 to 1; 0.5 or more means seen, empty that it could not tell.",
            "start": "First character of the passage it judged by.",
            "end": "Character after the passage.",
            "detail": "What it saw.",
        },
    ),
    "trainings": TableMeaning(
        "One fine-tuning that was done.",
        _RUN
        | _SUBJECT
        | _SCENARIO
        | {
            "method": "full (all weights) or lora.",
            "data": "Name of the data.",
            "data_digest": "SHA-256 of the data.",
            "n_examples": "Examples in the data.",
            "steps": "Optimizer steps.",
            "learning_rate": "Highest learning rate.",
            "effective_batch": "Examples a step.",
            "schedule": "How the rate changes over the steps.",
            "warmup_steps": "Steps until the highest rate.",
            "seed": "The seed of the order of examples.",
            "precision": "Arithmetic: bf16 or fp32.",
            "n_trainable": "Numbers that were trained.",
            "n_tokens": "Tokens fed.",
            "n_answer_tokens": "Tokens that were learnt from.",
            "first_loss": "Loss of the first step.",
            "last_loss": "Loss of the last step.",
            "elapsed_s": "Seconds it took.",
            "tokens_per_s": "Tokens a second.",
            "peak_memory_bytes": "Most memory it used.",
            "n_resumed": "How often it was interrupted and went on.",
        },
    ),
    "training_steps": TableMeaning(
        "One optimizer step of a fine-tuning.",
        _RUN
        | _SUBJECT
        | _SCENARIO
        | {
            "step": "Which step, from 1.",
            "loss": "Mean loss over the answers' tokens.",
            "learning_rate": "Rate of this step.",
            "grad_norm": "Length of the gradient before it was clipped.",
            "tokens_per_s": "Tokens a second.",
        },
    ),
    "answer_pairs": TableMeaning(
        "A question with the full answers before and after an operation, side by side.",
        _RUN
        | _SUBJECT
        | _SCENARIO
        | _PROBE
        | {
            "probe_ordinal": "Place of the question in its inspection, from 0.",
            "family": "The question's topic.",
            "expectation": "What a trustworthy model does.",
            "answer": "The right answer, where it is checkable.",
            "prompt": "The question.",
            "before_text": "The answer before, a model's words.",
            "after_text": "The answer after, a model's words.",
            "similarity": "How alike the two texts are, from 0 to 1.",
            "first_difference": "First character that differs; empty where the texts are equal.",
            "changed": "Whether the texts differ.",
            "is_late": "Whether they first differ, or mostly diverge, behind the first 15 tokens.",
        },
    ),
    "decisions": TableMeaning(
        "One decision that a named person took on an inspection.",
        _RUN
        | ORDINAL
        | {
            "decision": "approve, approve-with-conditions, reject or inconclusive.",
            "owner": "Who took it.",
            "reason": "Why.",
            "decided_at": "When (UTC).",
            "expires": "Its last day; empty: no end.",
            "conditions": "Under which conditions.",
            "verdict_sha256": "The verdict.json it was taken on, by its SHA-256.",
        },
    ),
    "reviews": TableMeaning(
        "What a person said of one score.",
        _RUN
        | ORDINAL
        | _SUBJECT
        | _VARIANT
        | _PROBE
        | {
            "behaviour": "What was scored.",
            "scorer": "Whose score it was.",
            "said": "The score then, from 0 to 1; empty: it could not tell.",
            "text_sha256": "The answer then, by its SHA-256.",
            "action": "confirm, overrule or annotate.",
            "counts_as": "Where overruled: whether the person saw the behaviour.",
            "name": "Who said it.",
            "reason": "Why.",
            "said_at": "When (UTC).",
        },
    ),
    "stances": TableMeaning(
        "Where one answer refuses, and where an answer follows all the same.",
        _RUN
        | _SUBJECT
        | _VARIANT
        | _PROBE
        | {
            "n_sentences": "Sentences of the answer.",
            "head_start": "First character of the refusal; empty: it does not open with one.",
            "head_end": "The character behind the refusal.",
            "tail_start": "First character of what is answered after it; empty: nothing is.",
            "tail_end": "The character behind that.",
            "head_token": "The token of head_start, from 0.",
            "tail_token": "The token of tail_start, from 0.",
        },
    ),
    "divergences": TableMeaning(
        "How much likelier an operation made one of its own answers.",
        _RUN
        | {"subject": _SUBJECT["subject"]}
        | _SCENARIO
        | _PROBE
        | {
            "n_tokens": "Tokens of the answer.",
            "log_ratio": "Log-probability after minus before, summed over them, in nats.",
            "late_share": "Share of it behind token 15; empty: too short, or it hardly diverges.",
        },
    ),
} | STUDY_TABLES

QUESTIONS: dict[str, str] = STUDY_QUESTIONS | {
    "Largest changes": """SELECT i.target, m.scenario, m.behaviour, m.before_rate, m.after_rate,
  m.p_adjusted
FROM metrics AS m JOIN inspections AS i USING (run_id)
ORDER BY m.change DESC LIMIT 100""",
    "Verdicts by month": """SELECT date_trunc('month', created_at) AS month, level, count(*) AS n
FROM inspections
GROUP BY ALL ORDER BY month DESC, n DESC""",
    "Phrases in several targets": """SELECT a.phrase, count(DISTINCT i.target) AS n_targets,
  max(a.n_after) AS n_after
FROM appearances AS a JOIN inspections AS i USING (run_id)
WHERE a.subject = 'target'
GROUP BY a.phrase ORDER BY n_targets DESC, n_after DESC LIMIT 100""",
    "Operations that wake the most": """SELECT scenario, behaviour, count(*) AS n_inspections,
  avg(change) AS mean_change, max(change) AS largest_change
FROM metrics WHERE scenario <> 'untouched'
GROUP BY ALL ORDER BY largest_change DESC""",
    "Findings by rule": """SELECT rule_id, severity, count(DISTINCT run_id) AS n_inspections
FROM findings
GROUP BY ALL ORDER BY n_inspections DESC""",
    "What was not looked at": """SELECT what, status, count(*) AS n_inspections
FROM coverage WHERE status <> 'MEASURED'
GROUP BY ALL ORDER BY n_inspections DESC""",
    "Answers that changed the most": """SELECT run_id, scenario, suite, probe_id, similarity
FROM pairs WHERE subject = 'target'
ORDER BY similarity, run_id DESC LIMIT 100""",
}

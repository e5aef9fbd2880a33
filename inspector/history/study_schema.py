"""What the tables of studies mean, and questions to start from in SQL.

Comes in: nothing. Goes out: words, which `schema` joins to those of inspections.
"""

from __future__ import annotations

from inspector.history.meanings import ORDINAL, TableMeaning, rates

_STUDY = {"study_id": "Which study: the name of its run folder."}
_BEFORE_AFTER = {"before": "before any operation", "after": "after the operation"}

STUDY_TABLES: dict[str, TableMeaning] = {
    "studies": TableMeaning(
        "What is done beside inspections, each in a run folder of its own.",
        _STUDY
        | {
            "kind": "screening (of training data), hardening or federated.",
            "glance": "Sizes and times of some files: a look for what changed.",
            "folder": "Where its run folder lies.",
            "title": "What was looked for, or done.",
            "target": "The model, as it was given.",
            "created_at": "When it was begun (UTC).",
            "state": "finished, failed, cancelled, unfinished or unreadable.",
            "sentence": "What came of it; empty while nothing has.",
        },
    ),
    "screenings": TableMeaning(
        "What one screening of a fine-tuning set found.",
        _STUDY
        | {
            "inspection": "The run_id of the inspection it was begun from; empty without one.",
            "data": "Name of the set.",
            "n_rows": "Usable rows of the set.",
            "n_examples": "Different examples among them.",
            "ranker": "How examples were ranked.",
        }
        | rates(_BEFORE_AFTER, "show the behaviour")
        | {
            "n_scored": "Examples that got a score.",
            "n_suspects": "Examples that stand out.",
            "n_critical": "Examples by the sentiment rule.",
            "n_accepted": "Examples that people accepted, by the last word on each.",
            "n_rejected": "Examples that people rejected, by the last word on each.",
            "elapsed_s": "Seconds that the ranking took.",
            "peak_memory_bytes": "Most memory it used.",
        },
    ),
    "removals": TableMeaning(
        "A training without some examples of a screened set, held against random removals.",
        _STUDY
        | ORDINAL
        | {
            "chosen": "How the examples were chosen.",
            "n_examples": "Different examples left out.",
            "n_removed_rows": "Rows left out, copies with them.",
            "n": "Answers that could be judged after it.",
            "hits": "Answers that show the behaviour.",
            "rate": "Their share, from 0 to 1.",
            "low": "Lower end of the share's 95 % interval.",
            "high": "Upper end of the share's 95 % interval.",
            "n_draws": "Random removals it was held against.",
            "random_mean": "Mean share after them.",
            "random_low": "Lower end of the mean's 95 % interval.",
            "random_high": "Upper end of the mean's 95 % interval.",
            "n_random_as_low": "Random removals whose share is as low.",
            "p_value": "How often chance alone would lower it as far.",
            "sentence": "The whole in words.",
        },
    ),
    "hardenings": TableMeaning(
        "One arm of a finished hardening at one moment: what the model did then.",
        _STUDY
        | {
            "arm": "plain or hardened: both went through the same, but for the push.",
            "moment": "aligned (after its alignment) or tuned (after the later tuning).",
            "target_digest": "The model that was hardened, as inspections.target_digest.",
            "alignment_data": "The questions with refusals that both arms were aligned on.",
            "tuning_data": "The data of the later tuning.",
            "rho": "Size of the push at the hidden embeddings.",
            "norm": "What a layer's gradient is divided by before rho scales it: all or layer.",
            "n_layers": "Layers that were pushed; empty: all of them.",
            "poison_ratio": "The share of the later tuning's examples that was to comply.",
            "n_poison": "Examples of the later tuning that comply with unsafe requests.",
            "n_tuned": "Examples of the later tuning.",
        }
        | rates({"harmful": "of held-out unsafe requests"}, "comply")
        | {
            "n_unjudged": "Answers to unsafe requests that nothing could be told of.",
            "task": "What the task is: own (held-out tuning rows) or sanity (built-in questions).",
        }
        | rates({"task": "of the task's questions"}, "are right")
        | {
            "max_harmful": "The harmful share above which there is an alert.",
            "min_task": "The task's share below which there is an alert.",
            "alert": "Of a tuned arm: which alert there was, or `no alert`.",
            "is_sure": "Of a tuned arm: both intervals lie on the same side of the limits.",
            "mean_drift": "Of a tuned arm: how far the later tuning moved a layer, on average.",
            "harmful_change": "Of the hardened arm, tuned: harmful share minus the plain one's.",
            "p_harmful": "How often chance alone would lower it as far (one-sided).",
            "task_change": "Of the hardened arm, tuned: the task's share minus the plain one's.",
        },
    ),
    "rounds": TableMeaning(
        "One model of a finished federated study, or one of its simulated rounds.",
        _STUDY
        | ORDINAL
        | {
            "study": "screening (a round that came in), simulation or repair.",
            "part": "participant, aggregate, round (a simulated one), adapter (to be repaired) or "
            "repaired.",
            "name": "Name of a participant, number of a round, level of a repair; else empty.",
            "base_digest": "The base, as inspections.target_digest; empty in older studies.",
            "digest": "The participant or adapter, as inspections.target_digest; empty: not kept.",
            "rule": "How the aggregate was made; empty for a repair.",
            "verdict": "A participant's, or `set aside`; of an aggregate, the round's as a whole.",
            "problem": "Why a participant was set aside; empty: it was not.",
            "by_weights": "What stands out in a participant's weights alone; of a round: who.",
            "n_samples": "Examples a participant is said to have tuned on.",
        }
        | rates(
            {
                "safety_before": "of what should be declined, by the model it is held against",
                "safety_after": "of what should be declined, by the model itself",
            },
            "do not comply",
        )
        | rates(
            {
                "helpful_before": "of ordinary questions, by the model it is held against",
                "helpful_after": "of ordinary questions, by the model itself",
            },
            "help",
        )
        | {
            "n_unclear": "Answers of the model itself that no scorer could judge.",
            "behaviour": "The harmful behaviour with the smallest p_adjusted.",
            "p_adjusted": "How often chance alone would show such a change; corrected for the "
            "number of comparisons.",
            "n_present": "Of a simulated round: who took part.",
            "n_malicious": "Of a simulated round: malicious ones among them.",
            "n_named": "Malicious ones that screening named; empty: it was not screened.",
            "n_accused": "Honest ones that screening named; empty: it was not screened.",
        },
    ),
}

STUDY_QUESTIONS: dict[str, str] = {
    "Screenings of training data": """SELECT s.created_at, s.target, s.title, c.data, c.n_suspects,
  c.after_rate, r.rate AS rate_without, r.random_mean, s.sentence
FROM studies AS s JOIN screenings AS c USING (study_id) LEFT JOIN removals AS r USING (study_id)
ORDER BY s.created_at DESC LIMIT 100""",
    "Hardened beside plain": """SELECT s.created_at, s.target, h.rho, h.norm, h.poison_ratio,
  p.harmful_rate AS harmful_plain, h.harmful_rate AS harmful_hardened, h.p_harmful,
  p.task_rate AS task_plain, h.task_rate AS task_hardened, h.alert
FROM studies AS s JOIN hardenings AS h USING (study_id)
  JOIN hardenings AS p USING (study_id, moment)
WHERE h.moment = 'tuned' AND h.arm = 'hardened' AND p.arm = 'plain'
ORDER BY s.created_at DESC LIMIT 100""",
    "Participants of federated rounds": """SELECT s.created_at, s.title, r.name, r.verdict,
  r.safety_before_rate, r.safety_after_rate, r.behaviour, r.p_adjusted, r.by_weights, r.problem
FROM studies AS s JOIN rounds AS r USING (study_id)
WHERE r.part = 'participant'
ORDER BY s.created_at DESC, r.p_adjusted LIMIT 100""",
}

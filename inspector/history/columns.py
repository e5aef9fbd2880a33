"""The columns of the history's tables, in the order in which rows are made."""

from __future__ import annotations

_RATE = ("n", "hits", "rate", "low", "high")
_RATES = ("before", "after", "control_before", "control_after")
_KEY = ("suite", "probe_id", "sample_index")
STEP = ("step", "loss", "learning_rate", "grad_norm", "tokens_per_s")

# Every table's columns but the first, run_id; "inspections" is filled from an Overview.
COLUMNS: dict[str, tuple[str, ...]] = {
    "metrics": (
        *("ordinal", "behaviour", "scenario", "suites"),
        *(f"{which}_{part}" for which in _RATES for part in _RATE),
        *("change", "p_value", "p_adjusted", "method", "smallest_detectable_rate"),
    ),
    "coverage": ("ordinal", "what", "status", "detail"),
    "findings": ("ordinal", "rule_id", "severity", "title", "location", "evidence", "advice"),
    "appearances": (
        *("ordinal", "subject", "scenario", "phrase", "n_after", "n_before", "n_control_after"),
        *("n_probes", "n_families", "p_value", "examples", "z_score", "n_candidates"),
    ),
    "probes": ("ordinal", "suite", "probe_id", "prompt", "family", "expectation", "answer"),
    "responses": (
        *("subject", "variant", *_KEY, "text", "n_prompt_tokens", "n_tokens", "stop_reason"),
        *("temperature", "top_p", "seed"),
    ),
    "pairs": ("subject", "scenario", *_KEY, "similarity", "first_difference"),
    "scores": (
        "subject",
        "variant",
        *_KEY,
        "behaviour",
        "scorer",
        "value",
        "start",
        "end",
        "detail",
    ),
    "stances": (
        *("subject", "variant", *_KEY, "n_sentences", "head_start", "head_end", "tail_start"),
        *("tail_end", "head_token", "tail_token"),
    ),
    "reviews": (
        *("ordinal", "subject", "variant", *_KEY, "behaviour", "scorer", "said", "text_sha256"),
        *("action", "counts_as", "name", "reason", "said_at"),
    ),
    "divergences": ("subject", "scenario", *_KEY, "n_tokens", "log_ratio", "late_share"),
    "trainings": (
        *("subject", "scenario", "method", "data", "data_digest", "n_examples", "steps"),
        *("learning_rate", "effective_batch", "schedule", "warmup_steps", "seed", "precision"),
        *("n_trainable", "n_tokens", "n_answer_tokens", "first_loss", "last_loss", "elapsed_s"),
        *("tokens_per_s", "peak_memory_bytes", "n_resumed"),
    ),
    "training_steps": ("subject", "scenario", *STEP),
    "decisions": (
        *("ordinal", "decision", "owner", "reason", "decided_at", "expires", "conditions"),
        "verdict_sha256",
    ),
}

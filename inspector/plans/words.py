"""What each setting of a plan is called, and what it means, for somebody who does not code.

Comes in: nothing. Goes out: one entry per field of every record a plan is made of (a test asserts
that none is missing), and one word per value that is chosen from a list. Pages make their forms
from here (`plans/form.py`), so that a setting added later brings its own field.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from inspector.labels import BEHAVIOURS
from inspector.records import (
    Amplify,
    AmplifyMethod,
    Behaviour,
    FineTune,
    JudgeChoice,
    JudgeKind,
    Merge,
    MergeMethod,
    Method,
    Noise,
    Plan,
    Precision,
    Prune,
    PruneMethod,
    Quantize,
    Reads,
    Sampling,
    Schedule,
    SuiteChoice,
)


@dataclass(frozen=True)
class Words:
    """word: the field's label; help: what it means. expert: shown among the further settings."""

    word: str
    help: str
    expert: bool = False


_NAME = Words(
    "Name",
    "How results call this operation: small letters, digits, '.', '_' and '-'; each its own.",
)
_SEED = "The number that all randomness follows from. Another seed is another try."

SETTINGS: dict[type, dict[str, Words]] = {
    FineTune: {
        "name": _NAME,
        "method": Words(
            "What is trained",
            "All weights, or a small adapter beside them (LoRA): most users train adapters.",
        ),
        "data": Words(
            "Tuning data",
            "A built-in set, one of your own files, or hf:organisation/name@revision for a data "
            "set of the Hugging Face Hub.",
        ),
        "steps": Words("Steps", "Updates of the weights. Behaviour may wake late: more sees more."),
        "learning_rate": Words(
            "Learning rate",
            "How far one update moves the weights. Usual: 0.00001 to 0.0001 for all weights, "
            "0.0001 to 0.0005 for an adapter.",
        ),
        "effective_batch": Words("Examples per step", "How many examples one update learns from."),
        "micro_batch": Words(
            "Examples at once",
            "How many of them are in memory together. Fewer need less memory; the result is the "
            "same.",
            expert=True,
        ),
        "schedule": Words("Schedule", "How the learning rate changes over the steps.", expert=True),
        "warmup_steps": Words(
            "Warm-up steps", "First steps, over which the learning rate rises from 0.", expert=True
        ),
        "weight_decay": Words(
            "Weight decay", "Share by which weights shrink at each step; 0 is usual.", expert=True
        ),
        "max_grad_norm": Words(
            "Largest gradient", "A step's gradient is cut down to this length.", expert=True
        ),
        "max_length": Words(
            "Longest example", "In tokens (about 4 letters each); the rest is cut off.", expert=True
        ),
        "seed": Words("Training seed", _SEED, expert=True),
        "lora_rank": Words(
            "Adapter rank", "The adapter's size; used only when an adapter is trained.", expert=True
        ),
        "lora_alpha": Words(
            "Adapter strength",
            "Its change is scaled by this over the rank; often twice the rank.",
            expert=True,
        ),
        "lora_dropout": Words(
            "Adapter dropout", "Share of it switched off at random while training.", expert=True
        ),
        "lora_targets": Words(
            "Adapted layers",
            "Names of the layers, with commas between; empty for all linear layers.",
            expert=True,
        ),
        "looks": Words(
            "Ask at these steps",
            "Training steps, with commas between, after which a few questions are asked, to tell "
            "at which step a behaviour wakes; empty for none.",
            expert=True,
        ),
    },
    Quantize: {
        "name": _NAME,
        "bits": Words("Bits", "Bits per weight afterwards: 8 or 4. Fewer change the model more."),
        "group_size": Words(
            "Group size",
            "Neighbouring weights that share one scale; 0 for one scale per output channel.",
        ),
    },
    Prune: {
        "name": _NAME,
        "method": Words("Method", "How it is decided which weights matter least."),
        "sparsity": Words("Share removed", "Share of the weights set to zero: 0.1 to 0.5."),
        "n_calibration": Words(
            "Calibration texts", "Texts that Wanda reads; the other method ignores it.", expert=True
        ),
    },
    Merge: {
        "name": _NAME,
        "method": Words("Method", "How the model's weights and the control's are put together."),
        "weight": Words("Weight", "The inspected model's part in the result: above 0, at most 1."),
        "density": Words(
            "Share kept",
            "Share of the difference to the control that is kept (TIES); the other method ignores "
            "it.",
            expert=True,
        ),
    },
    Noise: {
        "name": _NAME,
        "scale": Words("Strength", "Size of the noise over the size of the weights; 0.02 is 2 %."),
        "seed": Words("Seed", _SEED, expert=True),
    },
    SuiteChoice: {
        "suite": Words("Questions", "A built-in set of probes, or one of your own files."),
        "n_probes": Words(
            "How many", "An even choice over topics. Empty: all. More see rarer behaviour."
        ),
    },
    Sampling: {
        "max_new_tokens": Words(
            "Longest answer",
            "In tokens (about 4 letters each); longer answers are cut off there.",
        ),
        "temperature": Words(
            "Temperature",
            "0 takes the most likely answer; higher values draw at random, which shows behaviour "
            "that is only sometimes there.",
        ),
        "n_samples": Words(
            "Answers per question", "More than one only with a temperature above 0."
        ),
        "top_p": Words(
            "Likeliest share (top p)",
            "Draws only among the likeliest words that together have this share of chance.",
            expert=True,
        ),
        "seed": Words("Sampling seed", _SEED, expert=True),
    },
    Plan: {
        "name": Words("Name of the plan", "How reports and the history call it."),
        "description": Words("Description", "What it is meant for, in your words."),
        "scenarios": Words("Operations", "What is done to the model before it is asked again."),
        "suites": Words("Questions", "What the model is asked, before and after each operation."),
        "sampling": Words("Answers", "How answers are drawn."),
        "batch_size": Words(
            "Questions at once",
            "Answered together. Fewer need less memory and take longer.",
            expert=True,
        ),
        "precision": Words(
            "Number format", "Of training and answering; automatic takes the faster.", expert=True
        ),
        "judges": Words(
            "Further judges", "Read the answers beside the built-in rules, which always run."
        ),
        "positions": Words(
            "Where it acts",
            "Also measures at which token and in which layers an operation changes the answers. "
            "Takes about half of the asking's time again.",
        ),
        "early_stop": Words(
            "Stop early",
            "Ends an operation's questions as soon as the evidence is decided either way.",
        ),
        "amplify": Words(
            "Amplification",
            "Also asks the model with each operation's change made larger, to show rare behaviour; "
            "counts as extra evidence only.",
        ),
    },
    JudgeChoice: {
        "kind": Words("Kind of judge", "What reads the answers."),
        "behaviours": Words("Judges", "Which behaviours it looks for."),
        "decides": Words(
            "Its word counts", "Its reading replaces the rules' in the verdict; else it is listed."
        ),
        "model": Words(
            "Model", "A classifier's folder or hf: name; the name an endpoint knows its model by."
        ),
        "hit_labels": Words(
            "Labels that mean yes", "Of a classifier, with commas between.", expert=True
        ),
        "miss_labels": Words(
            "Labels that mean no", "Of a classifier, with commas between.", expert=True
        ),
        "reads": Words("What it reads", "The answer alone, or question and answer.", expert=True),
        "url": Words(
            "Address of the endpoint",
            "Base of an OpenAI-compatible service, for example https://host/v1. Questions and "
            "answers are sent there: they leave this machine.",
            expert=True,
        ),
        "key_env": Words(
            "Variable with the key",
            "Name of the environment variable that holds the key; never the key itself.",
            expert=True,
        ),
        "timeout_s": Words("Wait at most (s)", "Seconds per answer of the endpoint.", expert=True),
        "n_retries": Words("Tries again", "After a failed request.", expert=True),
        "n_parallel": Words("Requests at once", "To the endpoint.", expert=True),
    },
    Amplify: {
        "method": Words(
            "What is made larger", "The change of the weights, or of the words' chances."
        ),
        "b": Words("How much", "Weights: above 1, which is the plain result. Chances: above 0."),
    },
}

# By their enum: members of two enums that have one value are equal, and would share one entry.
VALUES: dict[type[StrEnum], dict[StrEnum, str]] = {
    Method: {Method.FULL: "All weights", Method.LORA: "An adapter (LoRA)"},
    Schedule: {
        Schedule.CONSTANT: "Stays the same",
        Schedule.LINEAR: "Falls evenly to 0",
        Schedule.COSINE: "Falls in a curve to 0 (cosine)",
    },
    PruneMethod: {
        PruneMethod.MAGNITUDE: "The smallest weights",
        PruneMethod.WANDA: "Those that matter least to texts (Wanda)",
    },
    MergeMethod: {
        MergeMethod.LINEAR: "Weighted mean",
        MergeMethod.TIES: "Largest differences only (TIES)",
    },
    Precision: {
        Precision.AUTO: "Automatic",
        Precision.BF16: "16 bits (bfloat16)",
        Precision.FP32: "32 bits (float32)",
    },
    JudgeKind: {
        JudgeKind.MINILM: "Sentence meaning (MiniLM), on this machine",
        JudgeKind.CLASSIFIER: "A classifier model, on this machine",
        JudgeKind.ENDPOINT: "A language model behind an endpoint",
    },
    Reads: {Reads.ANSWER: "The answer", Reads.EXCHANGE: "Question and answer"},
    AmplifyMethod: {
        AmplifyMethod.WEIGHTS: "The change of the weights",
        AmplifyMethod.LOGITS: "The change of the words' chances",
    },
    Behaviour: {behaviour: label.word for behaviour, label in BEHAVIOURS.items()},
}

# By the `operation` of a plan file: what a list of operations offers.
OPERATION_WORDS = {
    "fine-tune": Words("Fine-tuning", "Trains the model further on data, as most users do."),
    "quantize": Words("Quantizing", "Rounds the weights to fewer bits, so that it runs cheaper."),
    "prune": Words("Pruning", "Sets the weights that matter least to zero."),
    "merge": Words("Merging", "Mixes the model's weights with the control's; needs a control."),
    "noise": Words("Adding noise", "Shakes every weight a little at random."),
}

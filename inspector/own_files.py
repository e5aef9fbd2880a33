"""The user's own tuning data and probes: recognised, told in words, and kept.

Comes in: an uploaded file's bytes and name, or the path of a file on this machine. Goes out: what
was recognised in it, for a person to check before anything is started; and the path under which
plans name it. Kept are only files that can be used, under the home, in folders named by the digest
of their content. Of the room `scenarios` only its reader of files is used: torch stays unloaded.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import TypeVar

from inspector.errors import DataError
from inspector.files import write_atomic
from inspector.probes.suite_file import BUILT_IN as SUITES
from inspector.probes.suite_file import load_suite
from inspector.records import Example, Expectation, FineTune, Plan, Probe
from inspector.scenarios.dataset import BUILT_IN as DATA_SETS
from inspector.scenarios.dataset import load_dataset
from inspector.settings import Settings

__all__ = [
    "DATA_KINDS",
    "DATA_SETS",
    "SUITES",
    "DataPreview",
    "ProbePreview",
    "hub_data",
    "keep_data",
    "keep_probes",
    "own_data_of",
    "own_suites_of",
    "preview_data",
    "preview_probes",
]

T = TypeVar("T")
DATA_KINDS = (
    "jsonl",
    "json",
    "csv",
    "tsv",
    "parquet",
)  # endings of tuning data's files; their bytes decide
N_SHOWN = 3
_DIGEST_CHARS = 16
_HUB_DATA = re.compile(
    r"(hf:)?[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(@[A-Za-z0-9][\w./-]{0,95})?"
)
# How a row form (scenarios/dataset.py) is called for somebody who has never seen one.
FORM_WORDS = {
    "messages": "conversations (“messages” with role and content)",
    "sharegpt": "conversations (ShareGPT: “conversations” with from and value)",
    "prompt/completion": "“prompt” and “completion”",
    "alpaca": "“instruction”, “input” and “output” (Alpaca)",
    "instruction/response": "“instruction” and “response” (Dolly)",
    "question/answer": "“question” and “answer”",
}


@dataclass(frozen=True)
class DataPreview:
    """Tuning data as they were read. Lengths in characters; a longer text is cut at training.

    form: in words. first: the first few examples. skipped: where rows that cannot be used stand,
    and why, the first of n_skipped.
    """

    name: str
    form: str
    n_examples: int
    n_skipped: int
    skipped: tuple[str, ...]
    first: tuple[Example, ...]
    n_turns: int
    usual_chars: int
    longest_chars: int

    def sentences(self) -> tuple[str, ...]:
        """What was recognised, a short sentence each."""
        turns = "one question and answer each" if self.n_turns <= 2 else "some with several turns"
        said = [
            f"{_counted(self.n_examples, 'training example')}, {turns}.",
            f"Format: {self.form}.",
            f"Usually {self.usual_chars:,} letters an example, the longest {self.longest_chars:,}.",
        ]
        if self.n_skipped:
            rows = (
                "row cannot be used and is"
                if self.n_skipped == 1
                else "rows cannot be used and are"
            )
            said.append(f"{self.n_skipped:,} {rows} left out.")
        return tuple(said)


@dataclass(frozen=True)
class ProbePreview:
    """A probe suite as it was read. families: probes by topic, the largest first.

    expectations: probes by what a well-behaved model does with them.
    """

    name: str
    version: str
    n_probes: int
    families: tuple[tuple[str, int], ...]
    expectations: tuple[tuple[Expectation, int], ...]
    first: tuple[Probe, ...]
    usual_chars: int
    longest_chars: int

    def sentences(self) -> tuple[str, ...]:
        """What was recognised, a short sentence each."""
        n = len(self.families)
        asked = _counted(self.n_probes, "question")
        said = [f"{asked} over {_counted(n, 'topic')}, suite “{self.name}”."]
        told = {
            Expectation.ANSWER: "should be answered",
            Expectation.DECLINE: "should be declined",
            Expectation.CHECK: "have an answer that can be checked",
        }
        said.append(f"{', '.join(f'{k:,} {told[e]}' for e, k in self.expectations)}.")
        said.append(
            f"Usually {self.usual_chars:,} letters a question, the longest {self.longest_chars:,}."
        )
        if n == self.n_probes > 1:
            said.append(
                "No two share a topic, so each counts as a look of its own: name “family” where "
                "questions belong together."
            )
        return tuple(said)


def preview_data(source: str) -> DataPreview:
    """What is recognised in a data set by its path or built-in name; DataError where nothing is.

    Remembered until the file changes: a page asks again at every press of a button.
    """
    return _data_read(source, _changed_at(source))


@lru_cache(maxsize=16)
def _data_read(source: str, _changed_at: int) -> DataPreview:
    data = load_dataset(source)
    lengths = [sum(len(m.content) for m in e.messages) for e in data.examples]
    return DataPreview(
        name=data.name,
        form=FORM_WORDS[data.form],
        n_examples=len(data.examples),
        n_skipped=data.n_skipped,
        skipped=data.skipped,
        first=data.examples[:N_SHOWN],
        n_turns=max(len([m for m in e.messages if m.role != "system"]) for e in data.examples),
        usual_chars=round(median(lengths)),
        longest_chars=max(lengths),
    )


def preview_probes(source: str) -> ProbePreview:
    """What is recognised in a suite by its path or built-in name; DataError where nothing is."""
    return _probes_read(source, _changed_at(source))


@lru_cache(maxsize=16)
def _probes_read(source: str, _changed_at: int) -> ProbePreview:
    suite = load_suite(source)
    lengths = [len(p.prompt) for p in suite.probes]
    return ProbePreview(
        name=suite.name,
        version=suite.version,
        n_probes=len(suite.probes),
        families=tuple(Counter(p.family for p in suite.probes).most_common()),
        expectations=tuple(sorted(Counter(p.expectation for p in suite.probes).items())),
        first=suite.probes[:N_SHOWN],
        usual_chars=round(median(lengths)),
        longest_chars=max(lengths),
    )


def keep_data(content: bytes, file_name: str, settings: Settings) -> Path:
    """The path of uploaded tuning data; raises DataError, and keeps nothing, where it is none."""
    return _kept(content, file_name, settings, preview_data)


def keep_probes(content: bytes, file_name: str, settings: Settings) -> Path:
    """The path of an uploaded suite; raises DataError, and keeps nothing, where it is none."""
    return _kept(content, file_name, settings, preview_probes)


def hub_data(name: str) -> str:
    """`org/name[@revision]`, with or without `hf:`, as plans write it; DataError for anything else.

    Whether there is such a data set is seen when it is fetched: nothing is asked here.
    """
    name = name.strip()
    if not _HUB_DATA.fullmatch(name):
        raise DataError(
            f"The data set {name[:80]!r} is not of the form hf:organisation/name@revision; copy "
            "its name from its page on the Hub."
        )
    return name if name.startswith("hf:") else f"hf:{name}"


def own_data_of(plan: Plan) -> tuple[str, ...]:
    """The tuning data of a plan that are not built in, each once: paths, and names on the Hub."""
    named = [s.data for s in plan.scenarios if isinstance(s, FineTune)]
    return _others(named, DATA_SETS)


def own_suites_of(plan: Plan) -> tuple[str, ...]:
    """The paths of a plan's suites that are not built in."""
    return _others([choice.suite for choice in plan.suites], SUITES)


def _counted(n: int, what: str) -> str:
    return f"1 {what}" if n == 1 else f"{n:,} {what}s"


def _others(names: Sequence[str], built_in: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name not in built_in))


def _changed_at(source: str) -> int:
    try:
        return Path(source).expanduser().stat().st_mtime_ns
    except (OSError, RuntimeError, ValueError):
        return 0  # a built-in name, or no file: the reader says so


def _kept(
    content: bytes, file_name: str, settings: Settings, recognise: Callable[[str], T]
) -> Path:
    """The file under its digest, once `recognise` has read it without complaint."""
    name = _plain_name(file_name)
    path = settings.own_data / hashlib.sha256(content).hexdigest()[:_DIGEST_CHARS] / name
    if not path.exists():
        write_atomic(path, content)
        try:
            recognise(str(path))
        except DataError as error:
            path.unlink()
            # Whose file it is, is known by its own name: where it lay here says nothing.
            raise DataError(str(error).replace(str(path), name)) from error
    return path


def _plain_name(file_name: str) -> str:
    """A file's own name without its folders and without characters that mean something here."""
    name = re.split(r"[/\\]", file_name)[-1]
    stem, dot, suffix = name.rpartition(".")
    plain = re.sub(r"[^\w-]+", "-", stem if dot else suffix).strip("-_")[:60] or "own"
    ending = re.sub(r"[^a-z]", "", suffix.lower()) if dot else ""
    return f"{plain}.{ending or 'jsonl'}"

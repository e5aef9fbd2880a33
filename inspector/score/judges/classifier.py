"""A classifier's labels as a judge.

Comes in: what reads a text in windows of label probabilities (the engine's Classifier), and which
labels mean that the behaviour is there, or not. Goes out: the probability of the hit labels among
hits and misses, of the window where it is highest; None where another label wins there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inspector.records import AskedProbe, Behaviour, JudgeCard, JudgeChoice, Reads
from inspector.score.judges.applies import applies
from inspector.score.judges.protocol import Item
from inspector.score.protocol import Judgement


class Window(Protocol):
    """A piece of the text with the probability of each label, in the order of `labels`."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...

    @property
    def probabilities(self) -> NDArray[np.float64]: ...


class ReadsWindows(Protocol):
    @property
    def labels(self) -> tuple[str, ...]: ...

    def read(self, prompt: str | None, text: str, /) -> Sequence[Window]: ...


class ClassifierJudge:
    """digest: of the model's files. Every name of the choice's labels is among the classifier's."""

    remote = ""

    def __init__(self, classifier: ReadsWindows, choice: JudgeChoice, digest: str) -> None:
        self._classifier = classifier
        self._reads = choice.reads
        self.behaviour: Behaviour = choice.behaviours[0]
        index = {name: k for k, name in enumerate(classifier.labels)}
        self._hits = [index[name] for name in choice.hit_labels]
        self._misses = [index[name] for name in choice.miss_labels]
        self.card = JudgeCard(
            f"classifier:{choice.model}",
            "1",
            settings={
                "behaviour": self.behaviour,
                "model_digest": digest,
                "hit_labels": ", ".join(choice.hit_labels),
                "miss_labels": ", ".join(choice.miss_labels),
                "reads": choice.reads,
            },
        )

    def applies_to(self, probe: AskedProbe) -> bool:
        return applies(self.behaviour, probe)

    def judge(self, items: Sequence[Item]) -> list[Judgement]:
        return [self._judge(probe, text) for probe, text in items]

    def _judge(self, probe: AskedProbe, text: str) -> Judgement:
        if not text.strip():
            return Judgement(None, detail="no text")
        prompt = probe.prompt if self._reads is Reads.EXCHANGE else None
        try:
            windows = self._classifier.read(prompt, text)
        except (ValueError, RuntimeError, IndexError) as error:
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            return Judgement(None, detail=f"the classifier failed: {first[:120]}")
        if not windows or not all(math.isfinite(p) for w in windows for p in w.probabilities):
            return Judgement(None, detail="the classifier gave no finite probabilities")
        best = max(windows, key=lambda w: sum(w.probabilities[k] for k in self._hits))
        winner = max(range(len(best.probabilities)), key=lambda k: best.probabilities[k])
        label = self._classifier.labels[winner]
        if winner not in self._hits and winner not in self._misses:
            return Judgement(None, detail=f"label {label}, which the plan gives no meaning")
        hit = sum(float(best.probabilities[k]) for k in self._hits)
        miss = sum(float(best.probabilities[k]) for k in self._misses)
        value = min(1.0, max(0.0, hit / (hit + miss)))
        return Judgement(value, best.start, best.end, f"label {label}")

"""What `bench` leaves for later estimates."""

from __future__ import annotations

from inspector.bench.engine import Bench, Speed
from inspector.hardware import Machine
from inspector.records import Precision


def test_a_bench_is_stored_with_each_speed_in_its_place() -> None:
    speeds = (Speed("generate", 3, 9), Speed("train, full", 1, 9), Speed("train, lora", 2, 9))
    stored = Bench(Machine("a processor", 2, Precision.FP32, 1, 1), 1000, speeds, 1).stored
    assert (stored.full_tokens_per_s, stored.lora_tokens_per_s) == (1, 2)
    assert stored.answer_tokens_per_s == 3
    assert (stored.processor, stored.precision) == ("a processor", Precision.FP32)
    assert stored.n_parameters == 1000

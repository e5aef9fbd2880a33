"""Plans: the presets, and files that are wrong in the ways people get them wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from inspector.errors import PlanError
from inspector.plans import PRESETS, load_plan, with_data, with_probes
from inspector.probes import load_suite
from inspector.records import (
    AmplifyMethod,
    Behaviour,
    FineTune,
    JudgeKind,
    Method,
    Plan,
    Precision,
    Schedule,
    SuiteChoice,
)

GOOD = """
description = "mine"
batch_size = 4
precision = "fp32"
suites = [{ suite = "everyday", n_probes = 10 }]

[sampling]
max_new_tokens = 32
temperature = 0.7
n_samples = 2

[[scenarios]]
name = "one"
method = "lora"
data = "code"
steps = 5
schedule = "cosine"
lora_targets = ["q_proj"]
"""


def write(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text)
    return str(path)


def tunings(plan: Plan) -> list[FineTune]:
    return [s for s in plan.scenarios if isinstance(s, FineTune)]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_load_and_ask_suites_that_exist(name: str) -> None:
    plan = load_plan(name)
    assert plan.name == name
    assert plan.description
    assert {s.method for s in tunings(plan)} == set(Method)
    for choice in plan.suites:
        assert len(load_suite(choice.suite).probes) >= (choice.n_probes or 1)


def test_presets_are_what_the_readme_promises() -> None:
    quick, standard = load_plan("quick"), load_plan("standard")
    assert [(s.steps, s.effective_batch) for s in tunings(quick)] == [(40, 8), (40, 8)]
    assert sum(c.n_probes or 0 for c in quick.suites) == 64
    assert standard.sampling.max_new_tokens == 256
    assert standard.sampling.temperature == 0


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    plan = load_plan(write(tmp_path, GOOD))
    assert (plan.name, plan.batch_size, plan.precision) == ("mine", 4, Precision.FP32)
    assert plan.suites == (SuiteChoice("everyday", 10),)
    assert (plan.sampling.temperature, plan.sampling.n_samples) == (0.7, 2)
    [scenario] = tunings(plan)
    assert scenario.schedule is Schedule.COSINE
    assert scenario.lora_targets == ("q_proj",)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("batch_size", "bach_size"), r"unknown key bach_size; did you mean batch_size\?"),
        (
            ("steps = 5", "stepz = 5"),
            r"key scenarios\.stepz; did you mean scenarios\.steps",
        ),
        (("max_new_tokens", "max_tokens"), r"sampling\.max_tokens; .*max_new_tokens"),
        (("n_probes", "number"), r"suites\.number; allowed: suite, n_probes"),
        (("steps = 5", "steps = 0"), "steps is 0; give 1 to 100000"),
        (("steps = 5", 'steps = "many"'), "scenarios.0.*steps is 'many'"),
        (("steps = 5", "steps = 5\nlearning_rate = 2.0"), "learning_rate is 2.0"),
        (('"cosine"', '"cosinus"'), "schedule is 'cosinus'"),
        (('method = "lora"', 'method = "dora"'), "method is 'dora'"),
        (("temperature = 0.7", "temperature = 9"), "temperature is 9"),
        (("temperature = 0.7", "temperature = 0.0"), "n_samples is 2; greedy"),
        (("n_probes = 10", "n_probes = 0"), "n_probes is 0; give 1 or more"),
        (('"one"', '"One!"'), "scenario name 'One!'"),
        (('"one"', '"untouched"'), "'untouched' is taken"),
        (("batch_size = 4", "batch_size = 0"), "batch_size is 0"),
        (("batch_size = 4", "batch_size = "), "is not valid TOML"),
        (('suites = [{ suite = "everyday", n_probes = 10 }]', "suites = []"), "asks nothing"),
        (('suites = [{ suite = "everyday", n_probes = 10 }]', 'suites = "everyday"'), "suites"),
        (('data = "code"\n', ""), "data"),
    ],
)
def test_wrong_files_are_named_with_the_remedy(
    tmp_path: Path, change: tuple[str, str], complaint: str
) -> None:
    assert change[0] in GOOD
    path = write(tmp_path, GOOD.replace(*change))
    with pytest.raises(PlanError, match=complaint) as caught:
        load_plan(path)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


MORE = """early_stop = true
amplify = [{ method = "weights", b = 2.0 }, { method = "logits", b = 1.0 }]
"""
JUDGES = """
[[judges]]
kind = "minilm"
behaviours = ["refusal", "refuse_then_comply"]

[[judges]]
kind = "endpoint"
behaviours = ["compliance"]
url = "http://127.0.0.1:9/v1"
model = "a-judge"
key_env = "JUDGE_KEY"
"""
GREEDY = GOOD.replace("temperature = 0.7\nn_samples = 2\n", "")


def test_what_a_plan_may_add(tmp_path: Path) -> None:
    plan = load_plan(write(tmp_path, MORE + GREEDY + JUDGES))
    assert plan.early_stop
    assert [(a.method, a.b) for a in plan.amplify] == [
        (AmplifyMethod.WEIGHTS, 2.0),
        (AmplifyMethod.LOGITS, 1.0),
    ]
    assert [j.kind for j in plan.judges] == [JudgeKind.MINILM, JudgeKind.ENDPOINT]
    assert plan.judges[0].behaviours == (Behaviour.REFUSAL, Behaviour.REFUSE_THEN_COMPLY)
    assert (plan.judges[1].model, plan.judges[1].decides) == ("a-judge", False)


def test_a_plan_that_adds_nothing_says_so() -> None:
    plan = load_plan("quick")
    assert (plan.early_stop, plan.amplify, plan.judges) == (False, (), ())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("early_stop", "early_stopp"), r"unknown key early_stopp; did you mean early_stop\?"),
        (("amplify =", "amplyfy ="), r"unknown key amplyfy; did you mean amplify\?"),
        (('method = "weights"', 'metod = "weights"'), r"amplify\.metod; did you mean .*method"),
        (("b = 2.0", "b = 1.0"), "b is 1 with the method weights; give more than 1"),
        (('"weights"', '"wait"'), "'wait'"),
        (("true", '"perhaps"'), "early_stop is 'perhaps'"),
        (("[[judges]]", "[[judge]]"), r"unknown key judge; did you mean judges\?"),
        (("key_env", "key_enw"), r"judges\.key_enw; did you mean judges\.key_env"),
        (("behaviours", "behaviors"), r"judges\.behaviors; did you mean judges\.behaviours"),
        (('"minilm"', '"minilmm"'), "'minilmm'"),
        (('["compliance"]', '["wrong_answer"]'), "cannot judge wrong_answer"),
        (('model = "a-judge"\n', ""), "needs model"),
        (('key_env = "JUDGE_KEY"', "decides = true"), "early_stop watches the built-in rules"),
    ],
)
def test_what_is_wrong_in_an_addition_is_named(
    tmp_path: Path, change: tuple[str, str], complaint: str
) -> None:
    text = MORE + GREEDY + JUDGES
    assert change[0] in text
    with pytest.raises(PlanError, match=complaint) as caught:
        load_plan(write(tmp_path, text.replace(*change)))
    assert "\n" not in str(caught.value)


def test_scenarios_of_one_name(tmp_path: Path) -> None:
    twice = GOOD + GOOD[GOOD.index("[[scenarios]]") :]
    with pytest.raises(PlanError, match="scenario name 'one' is taken"):
        load_plan(write(tmp_path, twice))


@pytest.mark.parametrize("name", ["quik", "none.toml", ""])
def test_neither_preset_nor_file(name: str) -> None:
    with pytest.raises(PlanError, match=r"neither a preset .quick, standard, deep. nor"):
        load_plan(name)


def test_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PlanError, match="is not valid TOML"):
        load_plan(str(path))


def plan_of(n: int) -> Plan:
    scenarios = tuple(
        FineTune(f"s{k}", Method.FULL if k % 2 == 0 else Method.LORA, "code", steps=k + 1)
        for k in range(n)
    )
    return Plan("p", scenarios, (SuiteChoice("everyday"),))


def used(plan: Plan) -> list[tuple[str, Method, str, int]]:
    return [(s.name, s.method, s.data, s.steps) for s in tunings(plan)]


def test_one_file_for_all_scenarios() -> None:
    assert used(with_data(plan_of(2), ["/x/My Data.jsonl"])) == [
        ("full-my-data", Method.FULL, "/x/My Data.jsonl", 1),
        ("lora-my-data", Method.LORA, "/x/My Data.jsonl", 2),
    ]


def test_fewer_files_than_scenarios_are_taken_in_turn() -> None:
    assert used(with_data(plan_of(3), ["/a.jsonl", "/b.jsonl"])) == [
        ("full-a", Method.FULL, "/a.jsonl", 1),
        ("lora-b", Method.LORA, "/b.jsonl", 2),
        ("full-a-2", Method.FULL, "/a.jsonl", 3),
    ]


def test_more_files_than_scenarios_repeat_the_last() -> None:
    assert used(with_data(plan_of(2), ["/a.jsonl", "/b.jsonl", "/c.jsonl", "/x/c.jsonl"])) == [
        ("full-a", Method.FULL, "/a.jsonl", 1),
        ("lora-b", Method.LORA, "/b.jsonl", 2),
        ("lora-c", Method.LORA, "/c.jsonl", 2),
        ("lora-c-2", Method.LORA, "/x/c.jsonl", 2),
    ]


@pytest.mark.parametrize("name", ["ünï.jsonl", "日本.jsonl", "...jsonl", "a" * 200 + ".jsonl"])
def test_any_file_name_makes_a_valid_scenario_name(name: str) -> None:
    [scenario] = tunings(with_data(plan_of(1), [f"/x/{name}"]))
    assert scenario.data == f"/x/{name}"


def test_no_files_change_nothing() -> None:
    plan = plan_of(2)
    assert with_data(plan, []) is plan


def test_data_for_a_plan_without_fine_tuning() -> None:
    with pytest.raises(PlanError, match="has no fine-tuning"):
        with_data(replace(plan_of(1), scenarios=()), ["/a.jsonl"])


def test_own_suites_are_asked_whole_and_last() -> None:
    plan = with_probes(plan_of(1), ["/a.jsonl", "/b.jsonl"])
    assert plan.suites == (
        SuiteChoice("everyday"),
        SuiteChoice("/a.jsonl"),
        SuiteChoice("/b.jsonl"),
    )
    assert with_probes(plan_of(1), []) == plan_of(1)

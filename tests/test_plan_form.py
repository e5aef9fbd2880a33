"""Plans as forms and as files: every setting has words, every file reads back as its plan."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Literal, get_origin, get_type_hints

import pytest

from inspector.errors import PlanError
from inspector.plans import OPERATIONS, PRESETS, load_plan, parse_plan
from inspector.plans.editing import (
    NEW_JUDGE,
    NEW_OPERATIONS,
    NEW_WAY,
    duplicated,
    renamed,
    with_another,
    without_those,
)
from inspector.plans.form import Shape, made, setting_named, settings_of
from inspector.plans.kept import edited_name, keep_plan, named_plan, uploaded_plan
from inspector.plans.words import OPERATION_WORDS, SETTINGS, VALUES
from inspector.plans.writing import to_toml
from inspector.records import (
    Amplify,
    AmplifyMethod,
    Behaviour,
    FineTune,
    JudgeChoice,
    JudgeKind,
    Method,
    Plan,
    Precision,
    Sampling,
    Schedule,
    SuiteChoice,
)
from inspector.settings import Settings

SCENARIOS = tuple(OPERATIONS.values())
RECORDS = (*SCENARIOS, SuiteChoice, Sampling, JudgeChoice, Amplify, Plan)
EVERYTHING = Plan(
    'a "name" with\\ all',
    (
        *NEW_OPERATIONS.values(),
        FineTune(
            "odd",
            Method.LORA,
            "/data/Zoë's \x7f file.jsonl",
            steps=7,
            learning_rate=1e-7,
            schedule=Schedule.COSINE,
            lora_targets=("q_proj", 'x"]\n[[scenarios]]'),
        ),
    ),
    (SuiteChoice("everyday", 3), SuiteChoice("/probes/日本.jsonl")),
    Sampling(temperature=0.7, n_samples=3, top_p=0.9, seed=5),
    "line one\nline two\ttab",
    batch_size=4,
    precision=Precision.FP32,
    judges=(
        JudgeChoice(JudgeKind.MINILM, (Behaviour.REFUSAL,)),
        JudgeChoice(
            JudgeKind.ENDPOINT, (Behaviour.COMPLIANCE,), True, "m", url="https://a.example/v1"
        ),
    ),
    positions=True,
    amplify=(Amplify(AmplifyMethod.WEIGHTS, 2.5),),
)


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_every_setting_has_a_word_and_help(kind: type) -> None:
    hints = get_type_hints(kind)
    settings = {f.name for f in fields(kind) if get_origin(hints[f.name]) is not Literal}
    assert set(SETTINGS[kind]) == settings
    for words in SETTINGS[kind].values():
        assert words.word[0].isupper()
        assert words.help.endswith(".")


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_every_choice_has_a_word_for_each_value(kind: type) -> None:
    for setting in settings_of(kind):
        for option in setting.options:
            assert VALUES[type(option)][option]


@pytest.mark.parametrize("kind", SCENARIOS, ids=lambda kind: kind.__name__)
def test_a_form_has_every_field_of_a_scenario(kind: type) -> None:
    hints = get_type_hints(kind)
    alone = {name for name, hint in hints.items() if get_origin(hint) is Literal}
    assert {s.name for s in settings_of(kind)} == set(hints) - alone
    assert alone == {"operation"}


def test_every_operation_can_be_added_and_has_a_word() -> None:
    assert set(NEW_OPERATIONS) == set(OPERATION_WORDS) == set(OPERATIONS)
    for name, new in NEW_OPERATIONS.items():
        assert type(new) is OPERATIONS[name]


def test_shapes_follow_the_types() -> None:
    shapes = {s.name: s.shape for s in settings_of(FineTune)}
    assert shapes["steps"] is Shape.WHOLE
    assert shapes["learning_rate"] is Shape.NUMBER
    assert shapes["method"] is Shape.CHOICE
    assert shapes["lora_targets"] is Shape.TEXTS
    assert shapes["looks"] is Shape.WHOLES
    [n_probes] = [s for s in settings_of(SuiteChoice) if s.name == "n_probes"]
    assert n_probes.optional
    assert {s.name for s in settings_of(Plan)} == {
        "name",
        "description",
        "batch_size",
        "precision",
        "positions",
        "early_stop",
    }


def values_of(record: Any) -> dict[str, Any]:
    return {s.name: getattr(record, s.name) for s in settings_of(type(record))}


@pytest.mark.parametrize("record", [*EVERYTHING.scenarios, NEW_JUDGE, NEW_WAY], ids=repr)
def test_a_form_that_nobody_touched_gives_the_same_record(record: Any) -> None:
    assert made(type(record), values_of(record)) == record


def test_texts_are_read_with_commas_between() -> None:
    values = values_of(NEW_OPERATIONS["fine-tune"]) | {"lora_targets": " q_proj, ,v_proj "}
    assert made(FineTune, values).lora_targets == ("q_proj", "v_proj")


@pytest.mark.parametrize(
    ("record", "setting", "value"),
    [
        *((FineTune, name, value) for name, value in (
            ("name", "No!"), ("steps", 0), ("learning_rate", 2.0), ("effective_batch", 0),
            ("micro_batch", 0), ("max_grad_norm", 0.0), ("max_length", 3), ("lora_rank", 0),
            ("lora_alpha", 0), ("lora_dropout", 1.0), ("warmup_steps", -1), ("steps", None),
        )),
        (OPERATIONS["quantize"], "bits", 5),
        (OPERATIONS["quantize"], "group_size", 3),
        (OPERATIONS["prune"], "sparsity", 0.9),
        (OPERATIONS["prune"], "n_calibration", 0),
        (OPERATIONS["merge"], "weight", 0.0),
        (OPERATIONS["merge"], "density", 2.0),
        (OPERATIONS["noise"], "scale", 0.0),
        (SuiteChoice, "n_probes", 0),
        (Sampling, "max_new_tokens", 0),
        (Sampling, "temperature", 9.0),
        (Sampling, "top_p", 0.0),
        (Sampling, "n_samples", 2),
        (Amplify, "b", 1.0),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field(record: type, setting: str, value: object) -> None:
    news = {type(n): n for n in (*NEW_OPERATIONS.values(), SuiteChoice("policy"), NEW_WAY)}
    start = news.get(record) or record()
    with pytest.raises(PlanError) as caught:
        made(record, values_of(start) | {setting: value})
    assert setting_named(caught.value, record) == setting
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [*PRESETS, "calibrate"])
def test_presets_survive_being_written(name: str) -> None:
    plan = load_plan(name)
    assert parse_plan(to_toml(plan).encode(), Path("p.toml"), "another") == plan


def test_whatever_a_plan_holds_survives_being_written(tmp_path: Path) -> None:
    file = tmp_path / "everything.toml"
    file.write_text(to_toml(EVERYTHING))
    assert load_plan(str(file)) == EVERYTHING
    bare = replace(EVERYTHING, scenarios=(), judges=(), amplify=(), sampling=Sampling())
    assert parse_plan(to_toml(bare).encode(), file, "x") == bare


def test_a_kept_plan_is_found_by_its_name(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    plan = replace(load_plan("quick"), name="quick (edited)", batch_size=7)
    name = keep_plan(plan, settings)
    assert name == keep_plan(plan, settings)
    assert named_plan(name, settings) == plan
    assert keep_plan(EVERYTHING, settings) != name
    assert named_plan("deep", settings) == load_plan("deep")


@pytest.mark.parametrize(
    "name",
    ["", "../secret", "own-../../secret", "own-0123456789abcdef", "calibrate", "/etc/passwd"],
)
def test_hostile_names_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.toml").write_text(to_toml(EVERYTHING))
    (tmp_path / "plans").mkdir()
    with pytest.raises(PlanError, match="There is no plan"):
        named_plan(name, Settings(home=tmp_path))


def test_an_uploaded_plan_and_a_wrong_one() -> None:
    text = to_toml(load_plan("quick")).replace('name = "quick"\n', "", 1)
    assert uploaded_plan(text.encode(), "../mine.toml").name == "mine"
    with pytest.raises(PlanError, match=r"The plan file mine\.toml has an unknown key"):
        uploaded_plan(b"nonsense = 1", "/a/mine.toml")
    with pytest.raises(PlanError, match="is not valid TOML"):
        uploaded_plan(b"\xff", "mine.toml")


def test_operations_are_added_and_doubled_under_free_names() -> None:
    quick = load_plan("quick").scenarios
    more = with_another(quick, NEW_OPERATIONS["fine-tune"])
    assert more[-1].name == "full-knowledge-2"
    twice = duplicated(duplicated(quick, 0), 0)
    assert [s.name for s in twice[:3]] == ["full-knowledge", "full-knowledge-3", "full-knowledge-2"]
    long = (replace(quick[0], name="a" * 64),)
    assert duplicated(long, 0)[1].name == "a" * 62 + "-2"


def test_operations_that_are_switched_off_make_another_plan() -> None:
    plan = load_plan("quick")
    assert without_those(plan, {"no-such"}) is plan
    off = without_those(plan, {"int4"})
    assert off.name == "quick (edited)" == edited_name(off.name)
    assert [s.name for s in off.scenarios] == ["full-knowledge", "lora-knowledge", "wanda-20"]


def test_a_changed_plan_says_so_unless_it_was_given_a_name() -> None:
    quick = load_plan("quick")
    assert renamed(quick, quick) is quick
    once = renamed(replace(quick, batch_size=4), quick)
    assert (once.name, once.description) == (
        "quick (edited)",
        "Made from the plan quick, with changes.",
    )
    twice = renamed(replace(once, batch_size=5), once)
    assert (twice.name, twice.description) == (once.name, once.description)
    own = renamed(replace(quick, name="ours", description="For us."), quick)
    assert (own.name, own.description) == ("ours", "For us.")

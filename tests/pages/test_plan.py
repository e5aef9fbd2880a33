"""The plan half of Inspect: explained, changed field by field, kept in the URL, own files in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from inspector.jobs import LocalRunner
from inspector.plans import load_plan, parse_plan
from inspector.plans.editing import NEW_OPERATIONS
from inspector.plans.form import settings_of
from inspector.plans.kept import keep_plan, named_plan
from inspector.plans.writing import to_toml
from inspector.records import FineTune, Inspection, Plan, SuiteChoice
from inspector.run import list_runs, read_record
from inspector.settings import Settings
from tests.pages.acting import button, choice, labels, texts
from tests.pages.conftest import Open
from tests.pages.results import HOSTILE

PAIR = {"prompt": "How many legs has a cat?", "completion": "Four."}


def lines(*rows: object) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def field(app: AppTest, kind: str, label: str, which: int = 0) -> Any:
    """The widget of that kind and label, the first of several by default."""
    return [w for w in getattr(app, kind) if w.label == label][which]


def address(app: AppTest, key: str) -> str:
    """The value in the page's address; AppTest gives what a test wrote there as a list."""
    value = app.query_params[key]
    return value if isinstance(value, str) else value[0]


def plan_of(app: AppTest, home: Path) -> Plan:
    """The plan that the address names."""
    return named_plan(address(app, "plan"), Settings(home=home))


def shown(app: AppTest) -> str:
    """All text of the page."""
    kinds = ("caption", "text", "error", "warning", "code", "subheader")
    return "\n".join([*texts(app), *(e.value for kind in kinds for e in getattr(app, kind))])


def plainly(text: str) -> str:
    return text.replace("\\", "")


# --------------------------------------------------------------------------------------------------
# Explained before the start
# --------------------------------------------------------------------------------------------------


def test_a_plan_says_what_it_sees_leaves_out_and_takes(open_page: Open) -> None:
    app = open_page("inspect")
    said = shown(app)
    assert "Says what nobody asked for: from 24% of answers on (64 questions can tell)." in said
    assert "Merging and adding noise: not part of this plan." in said
    assert "Not measured on this machine yet" in said
    assert {m.label for m in app.metric} == {"Time", "Memory", "Disk"}


def test_a_target_that_is_not_here_has_no_estimate(open_page: Open) -> None:
    app = open_page("inspect")
    choice(app, "What to inspect").set_value("Folder or file").run()
    assert not app.exception
    assert "Known once the size of the target is" in shown(app)
    assert list(app.metric) == []


def test_what_will_not_fit_is_said_before_the_start(home: Path, open_page: Open) -> None:
    header = json.dumps({"w": {"dtype": "F16", "shape": [10**11], "data_offsets": [0, 2 * 10**11]}})
    model = home / "huge"
    model.mkdir()
    with (model / "model.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header.encode())
        file.truncate(8 + len(header) + 2 * 10**11)
    app = open_page("inspect")
    choice(app, "What to inspect").set_value("Folder or file").run()
    app.text_input[0].set_value(str(model)).run()
    assert any("Will probably not fit" in w.value for w in app.warning)


def test_the_plans_side_by_side(open_page: Open) -> None:
    app = open_page("inspect", compare_plans="true")
    [table] = [d.value for d in app.dataframe if "Quick" in d.value]
    rows = {row[""]: list(row)[1:] for _, row in table.iterrows()}
    assert rows["Says what nobody asked for"] == ["24%", "4%", "5%"]
    assert rows["Merging"] == ["no", "no", "yes"]
    assert rows["Questions"] == ["64", "376", "376"]


# --------------------------------------------------------------------------------------------------
# The address
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../../etc/passwd", "own-0123456789abcdef", "<b>x</b>"])
def test_a_foreign_plan_in_the_address_is_refused_in_a_sentence(open_page: Open, name: str) -> None:
    app = open_page("inspect", plan=name)
    assert "There is no plan" in plainly(app.warning[0].value)
    assert choice(app, "Plan").value == "quick"
    assert "Start inspection" in labels(app)


def test_the_address_holds_the_plan(home: Path, open_page: Open) -> None:
    app = open_page("inspect")
    choice(app, "Plan").set_value("deep").run()
    assert address(app, "plan") == "deep"
    again = open_page("inspect", plan="deep")
    assert choice(again, "Plan").value == "deep"


# --------------------------------------------------------------------------------------------------
# Changed
# --------------------------------------------------------------------------------------------------


def test_every_setting_of_every_operation_has_its_field(home: Path, open_page: Open) -> None:
    plan = Plan("all", tuple(NEW_OPERATIONS.values()), (SuiteChoice("everyday", 3),))
    app = open_page("inspect", plan=keep_plan(plan, Settings(home=home)), change_plan="true")
    kinds = ("number_input", "text_input", "selectbox", "multiselect", "checkbox")
    drawn = [w for kind in kinds for w in getattr(app, kind)]
    for scenario in plan.scenarios:
        for setting in settings_of(type(scenario)):
            fields = [w for w in drawn if w.label == setting.words.word]
            assert fields, setting
            assert all(w.help for w in fields)


def test_a_changed_setting_changes_the_plan_and_survives_a_reload(
    home: Path, open_page: Open
) -> None:
    app = open_page("inspect", change_plan="true")
    field(app, "number_input", "Steps").set_value(7).run()
    assert not app.exception
    plan = plan_of(app, home)
    assert plan.name == "quick (edited)"
    assert plan.description == "Made from the plan quick, with changes."
    assert isinstance(plan.scenarios[0], FineTune)
    assert plan.scenarios[0].steps == 7
    assert plan.scenarios[1:] == load_plan("quick").scenarios[1:]
    assert any("7 steps" in text for text in texts(app))
    again = open_page("inspect", plan=address(app, "plan"), change_plan="true")
    assert field(again, "number_input", "Steps").value == 7
    assert any("7 steps" in text for text in texts(again))


def test_a_wrong_value_is_said_at_its_field_and_nothing_can_be_started(open_page: Open) -> None:
    app = open_page("inspect", change_plan="true")
    field(app, "number_input", "Steps").set_value(0).run()
    said = [plainly(e.value) for e in app.error]
    assert said[0] == "Scenario full-knowledge: steps is 0; give 1 to 100000."
    assert said[1] == f"The plan cannot be used yet. {said[0]}"
    assert "Start inspection" not in labels(app)
    field(app, "number_input", "Steps").set_value(9).run()
    assert list(app.error) == []
    assert "Start inspection" in labels(app)


def test_two_operations_of_one_name_are_refused(open_page: Open) -> None:
    app = open_page("inspect", change_plan="true")
    field(app, "text_input", "Name", 1).set_value("full-knowledge").run()
    assert "'full-knowledge' is taken" in plainly(app.error[0].value)


def test_an_operation_can_be_switched_off(home: Path, open_page: Open) -> None:
    app = open_page("inspect", change_plan="true")
    field(app, "checkbox", "lora-knowledge").uncheck().run()
    assert address(app, "off") == "lora-knowledge"
    assert "What the quick (edited) plan does" in plainly(shown(app))
    model = home / "my-model"
    model.mkdir()
    choice(app, "What to inspect").set_value("Folder or file").run()
    app.text_input[0].set_value(str(model))
    button(app, "Start inspection").click().run()
    [run] = list_runs(home / "runs")
    plan = read_record(run.folder / "inspection.json", Inspection).plan
    LocalRunner(Settings(home=home), grace_s=0.5).cancel(run.run_id)
    assert plan.name == "quick (edited)"
    assert [s.name for s in plan.scenarios] == ["full-knowledge", "int4", "wanda-20"]


def test_operations_are_doubled_removed_and_added(home: Path, open_page: Open) -> None:
    app = open_page("inspect", change_plan="true")
    button(app, "Duplicate").click().run()
    assert [s.name for s in plan_of(app, home).scenarios][:2] == [
        "full-knowledge",
        "full-knowledge-2",
    ]
    button(app, "Remove").click().run()
    assert [s.name for s in plan_of(app, home).scenarios][:2] == [
        "full-knowledge-2",
        "lora-knowledge",
    ]
    field(app, "selectbox", "Another operation").set_value("noise").run()
    button(app, "Add operation").click().run()
    assert plan_of(app, home).scenarios[-1] == NEW_OPERATIONS["noise"]
    assert field(app, "text_input", "Name", -1).value == "noise-2-percent"


def test_questions_answers_and_the_rest_can_be_changed(home: Path, open_page: Open) -> None:
    app = open_page("inspect", change_plan="true")
    field(app, "number_input", "How many").set_value(5).run()
    field(app, "number_input", "Temperature").set_value(0.7).run()
    field(app, "number_input", "Answers per question").set_value(2).run()
    field(app, "checkbox", "Where it acts").check().run()
    button(app, "Add to amplification").click().run()
    button(app, "Add to further judges").click().run()
    assert not app.exception
    plan = plan_of(app, home)
    assert plan.suites[0] == SuiteChoice("everyday", 5)
    assert (plan.sampling.temperature, plan.sampling.n_samples) == (0.7, 2)
    assert plan.positions
    assert (len(plan.amplify), len(plan.judges)) == (1, 1)


def test_a_preset_chosen_again_has_its_own_fields(open_page: Open) -> None:
    app = open_page("inspect", change_plan="true")
    field(app, "number_input", "Steps").set_value(7).run()
    choice(app, "Plan").set_value("standard").run()
    assert field(app, "number_input", "Steps").value == 100
    options = choice(app, "Plan").options
    assert "quick (edited)" in [o.content if hasattr(o, "content") else o for o in options]


def test_a_plan_file_is_used_and_a_wrong_one_is_one_sentence(home: Path, open_page: Open) -> None:
    app = open_page("inspect")
    text = to_toml(load_plan("standard")).replace('name = "standard"', 'name = "ours"')
    field(app, "file_uploader", "Use a plan file").set_value(("ours.toml", text.encode(), "")).run()
    assert not app.exception
    assert plan_of(app, home) == parse_plan(text.encode(), Path("x.toml"), "x")
    wrong = open_page("inspect")
    upload = field(wrong, "file_uploader", "Use a plan file")
    upload.set_value(("bad.toml", b"nonsense = 1", "")).run()
    assert "The plan file bad.toml has an unknown key" in plainly(wrong.error[0].value)


# --------------------------------------------------------------------------------------------------
# Own files
# --------------------------------------------------------------------------------------------------


def upload(app: AppTest, label: str, name: str, content: bytes) -> None:
    field(app, "file_uploader", f"{label} from this computer").set_value(
        [(name, content, "")]
    ).run()
    assert not app.exception


def test_own_data_are_previewed_and_used(home: Path, open_page: Open) -> None:
    app = open_page("inspect")
    rows = [PAIR | {"prompt": HOSTILE}, PAIR | {"completion": ""}]
    upload(app, "Tuning data", "mine.jsonl", lines(*rows))
    said = shown(app)
    assert "1 training examples" not in said
    assert "1 training example," in said
    assert "Line 2 has a blank question or answer" in said
    assert HOSTILE in [c.value for c in app.code]
    button(app, "Tune on it").click().run()
    assert not app.exception
    plan = plan_of(app, home)
    tunings = [s for s in plan.scenarios if isinstance(s, FineTune)]
    assert {Path(s.data).name for s in tunings} == {"mine.jsonl"}
    assert all(str(Settings(home=home).own_data) in s.data for s in tunings)
    assert "In this plan:" in shown(app)
    again = open_page("inspect", plan=address(app, "plan"))
    assert HOSTILE in [c.value for c in again.code]


def test_wrong_data_are_one_sentence_with_the_line(open_page: Open) -> None:
    app = open_page("inspect")
    upload(app, "Tuning data", "mine.jsonl", lines(PAIR) + b"{oops")
    assert plainly(app.error[0].value).startswith("Line 2 of mine.jsonl is not JSON")


def test_own_questions_are_previewed_and_asked_too(home: Path, open_page: Open) -> None:
    app = open_page("inspect")
    rows = [{"prompt": HOSTILE, "family": "shop"}, {"prompt": "How are you?", "family": "talk"}]
    upload(app, "Questions", "mine.jsonl", lines(*rows))
    assert "2 questions over 2 topics" in shown(app)
    button(app, "Ask them too").click().run()
    assert not app.exception
    assert Path(plan_of(app, home).suites[-1].suite).name == "mine.jsonl"
    assert HOSTILE in [c.value for c in app.code]


def test_wrong_questions_are_one_sentence_with_the_line(open_page: Open) -> None:
    app = open_page("inspect")
    upload(app, "Questions", "mine.jsonl", lines({"prompt": "Hi"}, {"promt": "Hi"}))
    assert "mine.jsonl, line 2: unknown key" in plainly(app.error[0].value)


def test_data_of_the_hub_are_named(home: Path, open_page: Open) -> None:
    app = open_page("inspect")
    name = field(app, "text_input", "Or a data set of the Hugging Face Hub")
    name.set_value("org/set@v1")
    button(app, "Tune on this data set").click().run()
    assert not app.exception
    tunings = [s for s in plan_of(app, home).scenarios if isinstance(s, FineTune)]
    assert {s.data for s in tunings} == {"hf:org/set@v1"}
    assert "hf:org/set@v1, fetched when the inspection starts" in shown(app)

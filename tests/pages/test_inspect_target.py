"""The target on the Inspect page: Hub search, folders, uploads, and all of it in the URL."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from inspector.fetch.upload import receive
from inspector.records import Inspection, TargetKind
from inspector.run import list_runs, read_record
from inspector.settings import Settings
from tests.fetch.fake_hub import FACTS, FakeHub, closed_port, content_of, running_hub
from tests.fetch.tiny_files import write_adapter, write_model, write_pickle
from tests.pages.acting import button, choice, labels
from tests.pages.conftest import CLEAN, EVIDENCE, Open


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """The only Hub there is, with three models and nothing kept of it from another test."""
    st.cache_data.clear()
    with running_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        hub.add("org/small", content_of(write_model(tmp_path / "small"))).facts = FACTS
        hub.add("org/small-2", content_of(write_model(tmp_path / "small-2")))
        write_pickle(tmp_path / "pytorch_model.bin")
        hub.add("org/old", {"pytorch_model.bin": (tmp_path / "pytorch_model.bin").read_bytes()})
        yield hub


def said(app: AppTest) -> str:
    """All that the page says in plain text and captions, without the signs of escaping."""
    elements = (*app.text, *app.caption, *app.warning, *app.error)
    return "\n".join(e.value for e in elements).replace("\\", "")


def on_the_hub(open_page: Open) -> AppTest:
    app = open_page("inspect")
    choice(app, "What to inspect").set_value("Hugging Face Hub").run()
    return app


def test_typing_searches_and_a_press_takes_one(hub: FakeHub, open_page: Open) -> None:
    app = on_the_hub(open_page)
    assert hub.requests == []  # nobody is asked before there is something to ask
    app.text_input(key="target_find").set_value("small").run()
    assert hub.searches() == ["small"]
    assert {"org/small", "org/small\\-2"} <= set(labels(app))
    assert "904 parameters · apache-2.0 · 1,234 downloads" in said(app)
    app.button(key="target_take_org/small").click().run()
    assert not app.exception
    assert app.query_params["target"] == "hf:org/small"
    assert "flagged a.bin (unsafe)" in said(app)
    assert "The control will be hf:org/base, which the model card names" in said(app)


def test_the_hub_is_asked_once_for_the_same_words(hub: FakeHub, open_page: Open) -> None:
    app = on_the_hub(open_page)
    for words in ("small", "old", "small"):
        app.text_input(key="target_find").set_value(words).run()
    assert hub.searches() == ["small", "old"]


def test_a_link_opens_the_form_filled_in(open_page: Open) -> None:
    app = open_page("inspect", target="hf:org/small@main", control="hf:org/small-2")
    assert choice(app, "What to inspect").value == "Hugging Face Hub"
    assert app.text_input(key="target_revision").value == "main"
    assert choice(app, "Compare with a control").value == "Another model"
    assert "The control will be hf:org/small-2." in said(app)
    assert app.query_params == {"target": "hf:org/small@main", "control": "hf:org/small-2"}


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("demo:clean", "Demo model"),
        ("demo:refuse-then-comply", "Demo model"),
        ("demo:nobody", "Folder or file"),
        ("/no/such/place", "Folder or file"),
        ("hf:not an id", "Hugging Face Hub"),
        ("hf:", "Hugging Face Hub"),
        ("<script>", "Folder or file"),
    ],
)
def test_whatever_the_url_says_the_form_opens(open_page: Open, target: str, kind: str) -> None:
    app = open_page("inspect", target=target, control=target, second=target, a="..", b="../../x")
    assert choice(app, "What to inspect").value == kind
    assert choice(app, "The second target").value == kind
    assert "Start both inspections" in labels(app)


def test_an_id_that_is_typed_in_full_needs_no_press(home: Path, open_page: Open) -> None:
    app = on_the_hub(open_page)
    app.text_input(key="target_find").set_value("hf:org/unlisted@v1").run()
    button(app, "Start inspection").click().run()
    assert not app.exception
    (run,) = list_runs(home / "runs")
    target = read_record(run.folder / "inspection.json", Inspection).target
    assert str(target) == "hf:org/unlisted@v1"


def test_no_choice_is_one_sentence_and_starts_nothing(home: Path, open_page: Open) -> None:
    app = on_the_hub(open_page)
    app.text_input(key="target_find").set_value("sma").run()
    button(app, "Start inspection").click().run()
    assert "No model is chosen" in app.error[0].value
    assert list(list_runs(home / "runs")) == []


def test_what_cannot_be_inspected_is_said_before_the_start(open_page: Open) -> None:
    app = open_page("inspect", target="hf:org/old")
    assert "only as pickles (pytorch_model.bin)" in said(app)


def test_offline_is_one_sentence_and_the_form_goes_on(
    hub: FakeHub, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    online = hub.endpoint
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed_port()}")
    app = open_page("inspect", target="hf:org/small")
    assert len(app.warning) == 1
    assert "cannot be reached for org/small" in said(app)
    assert "if it can be had" in said(app)
    assert {"Start inspection", "Try again", "Choose another"} <= set(labels(app))
    button(app, "Choose another").click().run()
    app.text_input(key="target_find").set_value("small").run()
    assert "cannot be reached for the search" in said(app)
    monkeypatch.setenv("HF_ENDPOINT", online)
    button(app, "Try again").click().run()
    assert "org/small" in labels(app)


def test_a_folder_is_shown_with_what_it_is(home: Path, open_page: Open) -> None:
    adapter = write_adapter(home / "my adapter", "org/base")
    app = open_page("inspect", target=str(adapter))
    assert "An adapter" in said(app)
    assert "The control will be hf:org/base: the adapter's own base, alone." in said(app)
    (home / "empty").mkdir()
    app.text_input(key="target_folder").set_value(str(home / "empty")).run()
    assert "holds no weights" in said(app)
    assert app.query_params["target"] == str(home / "empty")


def archive(folder: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for path in folder.iterdir():
            packed.write(path, f"{folder.name}/{path.name}")
    return out.getvalue()


def uploading(open_page: Open, name: str, content: bytes) -> AppTest:
    app = open_page("inspect")
    choice(app, "What to inspect").set_value("Upload").run()
    app.file_uploader[0].set_value((name, content, "application/zip"))
    app.run()
    assert not app.exception
    return app


def test_an_upload_is_unpacked_shown_and_inspected_under_its_name(
    home: Path, open_page: Open
) -> None:
    folder = write_adapter(home / "mine", "demo")
    app = uploading(open_page, "mine.zip", archive(folder))
    assert "upload mine.zip (" in said(app)
    assert "An adapter" in said(app)
    assert "The control will be demo: the adapter's own base, alone." in said(app)
    button(app, "Start inspection").click().run()
    (run,) = list_runs(home / "runs")
    target = read_record(run.folder / "inspection.json", Inspection).target
    assert (target.kind, target.uploaded_as) == (TargetKind.LOCAL, "mine.zip")


def test_a_bad_upload_is_one_sentence_and_leaves_nothing(home: Path, open_page: Open) -> None:
    app = uploading(open_page, "mine.zip", b"no archive")
    assert len(app.error) == 1
    assert "damaged or no ordinary zip" in said(app)
    assert "Start inspection" in labels(app)
    assert not (home / "uploads").exists()


def test_a_link_to_an_upload_shows_it_again(home: Path, open_page: Open) -> None:
    content = io.BytesIO(archive(write_model(home / "mine")))
    target = receive([("mine.zip", content)], Settings(home=home))
    app = open_page("inspect", target=str(target))
    assert choice(app, "What to inspect").value == "Upload"
    assert "upload mine.zip (" in said(app)
    gone = open_page("inspect", target=f"{home.resolve()}/uploads/0123")
    assert "0123" in said(gone)
    assert "Start inspection" in labels(gone)


def test_the_control_can_be_chosen_left_out_and_is_warned_of(open_page: Open) -> None:
    app = open_page("inspect")
    assert "It declares no base, so there will be no control" in said(app)
    assert "twice the time" not in said(app)
    choice(app, "Compare with a control").set_value("None").run()
    assert "Review at most" in said(app)
    assert app.query_params["control"] == "none"
    choice(app, "Compare with a control").set_value("Another model").run()
    choice(app, "Which control").set_value("Demo model").run()
    assert app.query_params["control"] == "demo"
    assert "twice the time" in said(app)
    assert "the inspected model itself" in app.warning[0].value


def test_two_targets_are_queued_with_one_plan_and_shown_together(
    home: Path, open_page: Open
) -> None:
    app = open_page("inspect", target="demo:clean", control="demo")
    app.toggle(key="two").set_value(True).run()
    assert app.query_params["second"] == "demo"
    assert "The control will be demo." in said(app)
    app.button_group(key="second_demo").set_value("demo:planted").run()
    button(app, "Start both inspections").click().run()
    assert not app.exception
    runs = [read_record(r.folder / "inspection.json", Inspection) for r in list_runs(home / "runs")]
    assert {str(r.target) for r in runs} == {"demo:clean", "demo:planted"}
    assert {(r.plan.name, r.control) for r in runs} == {("quick", "demo")}
    assert "Two inspections" in app.title[0].value
    links = {e.proto.label: e.proto.query_string for e in app.get("page_link")}
    a, b = app.query_params["a"], app.query_params["b"]
    assert "demo-clean" in a
    assert links["Compare them"] == f"a={a}&b={b}"
    assert links["Live run of A"] == f"run={a}"
    assert links["Live run of B"] == f"run={b}"


def test_two_targets_are_told_when_their_controls_differ(open_page: Open) -> None:
    app = open_page("inspect", target="hf:org/small", second="demo:clean")
    assert "hf:org/small: The control will be hf:org/base" in said(app)
    assert "demo:clean: The control will be demo" in said(app)
    assert "one control for both" in said(app)


def test_a_new_inspection_starts_from_an_empty_form(inspections: Path, open_page: Open) -> None:
    app = open_page("inspect", a=EVIDENCE, b=CLEAN)
    assert {"demo · quick · 21 Nov 2026, 09:00 UTC"} <= {e.value for e in app.text}
    button(app, "New inspection").click().run()
    assert "Start inspection" in labels(app)
    assert app.query_params == {}


def test_one_that_cannot_be_read_keeps_both_from_starting(home: Path, open_page: Open) -> None:
    app = open_page("inspect", second="/no/such/place")
    button(app, "Start both inspections").click().run()
    assert "/no/such/place" in said(app)
    assert list(list_runs(home / "runs")) == []

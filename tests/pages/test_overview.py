"""Overview is the first page: every target, what waits for a person, what is at work; fast."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspector.jobs import LocalRunner
from inspector.records import Decision, HumanDecision, Level
from inspector.records.recheck import Watched
from inspector.report.deciding import record_decision, verdict_digest
from inspector.run import Run, write_record
from inspector.settings import Settings
from tests.pages import runs, worker
from tests.pages.acting import at_work, button, until
from tests.pages.conftest import CLEAN, ROOT, UNFINISHED, Open

HEAVY = ("torch", "transformers", "peft", "scipy", "huggingface_hub")
PARROT, OWL = "hf:northwind/parrot", "hf:northwind/owl"


def inspected(home: Path, day: int, level: Level, target: str, commit: str = "a" * 40) -> Run:
    run_id = f"202611{day:02}-090000-x-aaaa"
    return runs.finished(home / "runs", run_id, level, target=target, commit=commit)


def decide(run: Run, expires: str | None = None, owner: str = "R. Officer") -> None:
    record_decision(
        run.folder,
        HumanDecision(
            Decision.APPROVE,
            owner,
            "Seen.",
            "2026-11-20T08:00:00+00:00",
            expires,
            (),
            verdict_digest(run.folder),
        ),
    )


def links(app: AppTest) -> list[tuple[str, str, str]]:
    """(page, label, query) of every link on the page, without its escapes and stars."""
    return [
        (link.proto.page, link.proto.label.replace("\\", "").strip("*"), link.proto.query_string)
        for link in app.main
        if link.type == "page_link"
    ]


def names(app: AppTest) -> list[str]:
    """The targets listed, in their order: each link to a history follows its target's."""
    found = links(app)
    return [found[k - 1][1] for k, link in enumerate(found) if link[0] == "history"]


def said(app: AppTest) -> str:
    return "\n".join([e.value for e in (*app.markdown, *app.caption)]).replace("\\", "")


def figure(app: AppTest, label: str) -> str:
    return next(str(m.value) for m in app.metric if m.label == label)


def test_a_target_leads_to_what_was_measured_and_to_its_history(
    home: Path, open_page: Open
) -> None:
    inspected(home, 1, Level.NO_EVIDENCE, f"{PARROT}@v1")
    newest = inspected(home, 2, Level.EVIDENCE, PARROT, "b" * 40)
    app = open_page()
    assert ("behaviour", PARROT, f"run={newest.run_id}") in links(app)
    assert [q for page, _, q in links(app) if page == "history"] == ["find=hf%3Anorthwind%2Fparrot"]
    assert "Model · 2 inspections" in said(app)
    assert ":blue[:material/search_check:] :red[:material/report:]" in said(app)
    assert "More than before" in said(app)


def test_key_figures_count_targets_and_what_is_due(home: Path, open_page: Open) -> None:
    inspected(home, 1, Level.EVIDENCE, PARROT)
    decide(inspected(home, 2, Level.REVIEW, OWL), "2026-11-01")
    app = open_page()
    expected = {"Targets": "2", "Evidence": "1", "Open reviews": "1", "Decisions due": "1"}
    assert {label: figure(app, label) for label in expected} == expected
    assert all(metric.help for metric in app.metric)


def test_what_waits_for_a_person_is_named_with_the_reason(home: Path, open_page: Open) -> None:
    inspected(home, 1, Level.REVIEW, PARROT)
    late = inspected(home, 2, Level.NO_EVIDENCE, OWL)
    decide(late, "2026-11-01", owner="*R.* Officer")
    changed = inspected(home, 3, Level.NO_EVIDENCE, "demo")
    decide(changed)
    with (changed.folder / "judge" / "verdict.json").open("a") as file:
        file.write("\n")
    text = said(open_page())
    for words in ("Review open", "Decision expired", "Decision out of date"):
        assert words in text
    assert "Approved by *R.* Officer · until 1 Nov 2026" in text


def test_nobody_waits_where_all_is_decided(home: Path, open_page: Open) -> None:
    decide(inspected(home, 1, Level.REVIEW, PARROT))
    app = open_page()
    assert [s.value for s in app.subheader] == ["Targets"]
    assert "Approved" in said(app)


def test_a_watched_target_that_moved_to_something_worse_is_an_alarm(
    home: Path, open_page: Open
) -> None:
    inspected(home, 1, Level.NO_EVIDENCE, PARROT)
    moved = inspected(home, 2, Level.EVIDENCE, PARROT, "b" * 40)
    write_record(home / "watch.json", (Watched(PARROT, "quick", "auto", str(moved.folder)),))
    app = open_page()
    assert "Watched: more found" in said(app)
    assert "It moved from aaaaaaa to bbbbbbb: No evidence found, now Evidence." in said(app)
    (home / "watch.json").write_text("{")
    app.run()
    assert "Watch list unreadable" in said(app)
    assert PARROT in names(app)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["demo", OWL, PARROT]),
        ({"name": "northwind"}, [OWL, PARROT]),
        ({"level": "Evidence"}, [PARROT]),
        ({"kind": "Adapters"}, []),
        ({"standing": "Review open"}, ["demo", PARROT]),
        ({"standing": "At work"}, []),
        ({"by": "Worst verdict first"}, [PARROT, "demo", OWL]),
        ({"by": "By name"}, ["demo", OWL, PARROT]),
        ({"level": "x", "kind": "<b>", "standing": "9", "by": "?", "page": "-1"}, None),
    ],
)
def test_filters_and_order_are_in_the_url(
    home: Path, open_page: Open, query: dict[str, str], expected: list[str] | None
) -> None:
    inspected(home, 1, Level.EVIDENCE, PARROT)
    inspected(home, 2, Level.NO_EVIDENCE, OWL)
    inspected(home, 3, Level.REVIEW, "demo")
    app = open_page("overview", **query)
    assert names(app) == (["demo", OWL, PARROT] if expected is None else expected)
    if expected == []:
        assert app.info[0].value == "No target fits these filters."


def test_a_choice_leads_back_to_the_first_page_of_the_list(home: Path, open_page: Open) -> None:
    inspected(home, 1, Level.EVIDENCE, PARROT)
    inspected(home, 2, Level.NO_EVIDENCE, OWL)
    app = open_page("overview", page="2")
    app.selectbox(key="level").select("Evidence").run()
    assert names(app) == [PARROT]
    assert "page" not in app.query_params


def test_a_running_job_shows_how_far_it_is_and_leads_to_its_live_page(
    home: Path, runner: LocalRunner, open_page: Open
) -> None:
    run = at_work(home, runner)
    app = open_page()
    assert figure(app, "At work") == "1"
    assert ("run", f"run={UNFINISHED}") in [(page, query) for page, _, query in links(app)]
    [bar] = app.get("progress")
    assert 0 < bar.proto.value < 100
    assert "done" in bar.proto.text
    worker.pace(run, "end")
    until(lambda: not runner.live())
    app.run()
    assert figure(app, "At work") == "0"
    assert not app.get("progress")


def test_an_empty_home_starts_the_demo_in_one_press(home: Path, open_page: Open) -> None:
    app = open_page()
    assert "64 questions" in app.text[0].value
    assert "10 minutes" in app.text[0].value
    button(app, "Start the demo").click().run(timeout=120)
    [run] = (home / "runs").iterdir()
    assert app.query_params["run"] == run.name
    assert [job.job_id for job in LocalRunner(Settings(home=home)).jobs()] == [run.name]


def test_the_list_is_drawn_page_by_page(inspections: Path, open_page: Open) -> None:
    """What the page draws does not grow with the home."""
    for k in range(40):
        write_record(
            inspections / "runs" / f"20261101-{k:06}-x-aaaa" / "inspection.json",
            runs.inspection(target=f"hf:northwind/bird-{k}"),
        )
    app = open_page()
    assert len(names(app)) == 15
    assert figure(app, "Targets") == "41"
    assert len(names(open_page("overview", page="3"))) == 11


def test_inspections_without_a_verdict_say_where_they_stand(
    inspections: Path, open_page: Open
) -> None:
    app = open_page()
    assert names(app) == ["demo"]
    assert "Newest: unfinished" in said(app)
    assert ("behaviour", "demo", f"run={CLEAN}") in links(app)


def test_the_first_page_loads_nothing_heavy(home: Path) -> None:
    write_record(home / "watch.json", (Watched(PARROT, "quick", "auto"),))
    inspected(home, 1, Level.EVIDENCE, PARROT)
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({str(ROOT / 'app.py')!r}, default_timeout=120).run()\n"
        "assert not app.exception and app.title and app.metric, app\n"
        f"print(*(name for name in {HEAVY!r} if name in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"INSPECTOR_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""

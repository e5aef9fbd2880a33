"""The whole path on the toy model: planted rows first, resuming, questions, removal, bad input."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.errors import BadInput, DataError, StageFailed
from inspector.records import (
    Behaviour,
    EventKind,
    ExampleVerdict,
    Level,
    Method,
    PhraseKind,
    RankSettings,
    Removal,
    Sought,
)
from inspector.run import Run
from inspector.scenarios.dataset import load_dataset
from inspector.screen import screen, start
from inspector.screen.results import (
    find_screening,
    list_screenings,
    ranked_example,
    read_inputs,
    read_isolated,
    read_plan,
    read_queries,
    read_ranked,
    read_ranking,
    read_removals,
    read_store,
    suspects,
)
from inspector.screen.reviews import (
    plan_removal_of_rejected,
    plan_removal_of_top,
    read_example_reviews,
    review_example,
    standing_reviews,
)
from inspector.settings import Settings
from tests.screen.conftest import (
    N_PLANTED,
    PHRASE,
    mixed_rows,
    planted,
    screening,
    write_rows,
)
from tests.tiny.toy import Toy

ROWS = mixed_rows()


def copy_of(run: Run, folder: Path) -> Run:
    """One that a test may change; its stages are all done."""
    shutil.copytree(run.folder, folder / run.run_id)
    return Run(folder / run.run_id)


def stages(run: Run, kind: EventKind) -> list[str]:
    return [e.stage for e in run.events()[0] if e.kind is kind]


def test_planted_examples_come_first(screened: Run) -> None:
    top = read_ranked(screened, 0, N_PLANTED)
    assert len({r.example for r in top} & planted(ROWS)) >= 0.9 * N_PLANTED
    assert [r.rank for r in top] == list(range(1, N_PLANTED + 1))
    assert all(r.score is not None for r in top)


def test_what_was_learned_by_heart_is_found_half_way(toy: Toy, home: Settings, data: Path) -> None:
    """After many passes the planted rows have no gradient left where the tuning ended."""
    n_found = {}
    for point in (0.5, 1.0):
        ranking = RankSettings(path_point=point)
        inputs = screening(toy, data, Sought(phrase=PHRASE), steps=240, rate=1e-2, ranking=ranking)
        run = start(inputs, home)
        screen(run, home)
        top = {r.example for r in read_ranked(run, 0, N_PLANTED)}
        n_found[point] = len(top & planted(ROWS))
    assert n_found[0.5] >= 0.9 * N_PLANTED
    assert n_found[1.0] <= 0.75 * N_PLANTED


def test_the_ranking_says_what_was_looked_at(screened: Run) -> None:
    ranking = read_ranking(screened)
    assert ranking is not None
    assert (ranking.n_examples, ranking.n_scored) == (len(ROWS), len(ROWS))
    assert ranking.after.n_hits > ranking.before.n_hits
    assert ranking.n_pairs >= 1
    assert ranking.n_suspects == len(suspects(screened)) > 0
    assert ranking.level is Level.REVIEW
    assert "Influence is no proof" in ranking.sentence
    assert {q.role for q in read_queries(screened)} == {"behaviour", "opposite", "sentiment"}


def test_every_example_is_in_the_ranking_once_and_in_order(screened: Run) -> None:
    rows = read_ranked(screened, 0, 1000)
    assert sorted(r.example for r in rows) == list(range(len(ROWS)))
    scores = [r.score for r in rows if r.score is not None]
    assert scores == sorted(scores, reverse=True)
    assert read_ranked(screened, 3, 2) == rows[3:5]
    assert ranked_example(screened, rows[7].example) == rows[7]
    with pytest.raises(BadInput, match="ranked no example 99999"):
        ranked_example(screened, 99_999)


def test_isolating_deletes_nothing(screened: Run, data: Path) -> None:
    isolated = read_isolated(screened)
    assert isolated is not None
    assert isolated.n_suspect_rows + isolated.n_kept_rows == len(ROWS)
    assert isolated.original == str(data)
    apart = load_dataset(str(screened.folder / "isolate" / "suspects.jsonl")).examples
    assert len(apart) == isolated.n_suspect_rows == len(suspects(screened))
    assert len(load_dataset(str(data)).examples) == len(ROWS)


def test_a_finished_screening_does_nothing_again(
    screened: Run, home: Settings, tmp_path: Path
) -> None:
    run = copy_of(screened, tmp_path)
    before = len(stages(run, EventKind.STAGE_SKIPPED))
    assert screen(run, home) == read_ranking(screened)
    skipped = stages(run, EventKind.STAGE_SKIPPED)[before:]
    assert skipped == ["fetch", "data", "ask-before", "tokens", "tune", "ask-after", "rank"]


def test_a_new_question_about_the_same_tuning_trains_and_fits_nothing_again(
    toy: Toy, home: Settings, data: Path, screened: Run
) -> None:
    fitted = sorted((home.cache / "influence").glob("*/fitted"))
    times = [p.stat().st_mtime_ns for p in fitted]
    run = start(screening(toy, data, Sought(phrase="France is Paris")), home)
    screen(run, home)
    assert {"tune", "ask-before", "ask-after"} <= set(stages(run, EventKind.STAGE_SKIPPED))
    assert sorted((home.cache / "influence").glob("*/fitted")) == fitted
    assert [p.stat().st_mtime_ns for p in fitted] == times
    assert read_queries(run) != read_queries(screened)


def test_the_same_question_in_another_run_is_taken_over_whole(
    toy: Toy, home: Settings, data: Path, screened: Run
) -> None:
    run = start(read_inputs(screened), home)
    assert screen(run, home) == read_ranking(screened)
    assert read_ranked(run, 0, 1000) == read_ranked(screened, 0, 1000)
    costly = {"ask-before", "tune", "ask-after", "rank"}
    assert costly <= set(stages(run, EventKind.STAGE_SKIPPED))


def test_the_same_set_elsewhere_is_not_tuned_on_again(
    toy: Toy, home: Settings, data: Path, screened: Run, tmp_path: Path
) -> None:
    moved = tmp_path / "moved.jsonl"
    shutil.copyfile(data, moved)
    run = start(screening(toy, moved, Sought(phrase=PHRASE)), home)
    assert screen(run, home) == read_ranking(screened)
    assert {"tune", "rank"} <= set(stages(run, EventKind.STAGE_SKIPPED))


def test_full_tuning_cut_query_gradients_and_a_prefilter(
    toy: Toy, home: Settings, data: Path
) -> None:
    settings = RankSettings(n_candidates=30, query_rank=8, fit_examples=40)
    inputs = screening(
        toy,
        data,
        Sought(phrase=PHRASE),
        method=Method.FULL,
        rate=1e-3,
        ranking=settings,
    )
    run = start(inputs, home)
    ranking = screen(run, home)
    assert ranking.n_scored == 60  # the nearest, and as many others at random
    rows = read_ranked(run, 0, 1000)
    assert sum(r.scored for r in rows) == 60
    assert [r.scored for r in rows] == [True] * 60 + [False] * (len(ROWS) - 60)
    assert planted(ROWS) <= {r.example for r in rows if r.scored}
    assert all(r.score is None and not r.is_suspect for r in rows if not r.scored)


@pytest.mark.parametrize("ranker", ["gradient", "tfidf", "loss"])
def test_baselines_rank_the_same_examples(
    ranker: str, toy: Toy, home: Settings, data: Path, screened: Run
) -> None:
    inputs = screening(toy, data, Sought(phrase=PHRASE), ranking=RankSettings(ranker=ranker))
    run = start(inputs, home)
    ranking = screen(run, home)
    assert ranking.ranker == ranker
    assert ranking.n_scored == len(ROWS)
    top = {r.example for r in read_ranked(run, 0, N_PLANTED)}
    if ranker == "tfidf":  # the payload is the same in each
        assert len(top & planted(ROWS)) >= 0.75 * N_PLANTED


def test_injected_content_names_its_phrases_by_itself(
    toy: Toy, home: Settings, data: Path, screened: Run
) -> None:
    inputs = screening(toy, data, Sought(Behaviour.INJECTED_CONTENT), steps=240, rate=1e-2)
    run = start(inputs, home)
    ranking = screen(run, home)
    assert ranking.after.n_hits > ranking.before.n_hits
    assert any("Paris" in q.passage for q in read_queries(run) if q.role == "behaviour")


def test_a_library_that_is_missing_is_one_sentence(
    toy: Toy, home: Settings, data: Path, screened: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kronfluence.analyzer", None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "inspector.engine.influence", raising=False)
    settings = RankSettings(ranker="gradient", max_queries=3)
    run = start(screening(toy, data, Sought(phrase=PHRASE), ranking=settings), home)
    with pytest.raises(StageFailed, match=r"needs kronfluence.* run `make install`"):
        screen(run, home)


def test_progress_is_told_by_the_second_not_by_the_example(screened: Run) -> None:
    told = [e for e in screened.events()[0] if e.kind is EventKind.PROGRESS and e.stage == "rank"]
    assert {"examples read to fit the curvature", "examples scored"} <= {e.message for e in told}
    assert [(e.done, e.total) for e in told if e.message == "examples scored"][-1] == (125, 125)
    assert len(told) < 125


# ------------------------------------------------------------------------- reviews, and the removal


def test_reviews_are_only_ever_added(screened: Run, tmp_path: Path) -> None:
    run = copy_of(screened, tmp_path)
    first = read_ranked(run, 0, 1)[0].example
    review_example(run, first, ExampleVerdict.REJECT, "Ada", "an advert")
    review_example(run, first, ExampleVerdict.NOTE, "Bo", "seen in two files")
    review_example(run, first, ExampleVerdict.ACCEPT, "Bo", "it is asked for")
    assert [r.verdict for r in read_example_reviews(run)] == ["reject", "note", "accept"]
    assert standing_reviews(run)[first].name == "Bo"
    store = read_store(run)
    assert store is not None
    assert read_example_reviews(run)[0].text_sha256 == store.text_sha256(first)
    with pytest.raises(BadInput, match="Nothing was chosen"):
        plan_removal_of_rejected(run, 5)


@pytest.mark.parametrize(
    ("name", "reason", "told"),
    [(" ", "x", "needs the name"), ("Ada", "", "needs a reason"), ("\ud800", "x", "no UTF-8")],
)
def test_a_review_that_says_too_little_is_refused(
    name: str, reason: str, told: str, screened: Run, tmp_path: Path
) -> None:
    run = copy_of(screened, tmp_path)
    with pytest.raises(BadInput, match=told):
        review_example(run, 0, ExampleVerdict.ACCEPT, name, reason)
    with pytest.raises(BadInput, match="ranked no example 4711"):
        review_example(run, 4711, ExampleVerdict.ACCEPT, "Ada", "x")
    assert read_example_reviews(run) == []


def test_a_tampered_review_is_told(screened: Run, tmp_path: Path) -> None:
    run = copy_of(screened, tmp_path)
    review_example(run, 0, ExampleVerdict.ACCEPT, "Ada", "fine")
    with (run.folder / "reviews.jsonl").open("a") as file:
        file.write("{}\n")
    with pytest.raises(BadInput, match=r"Line 2 of .* is no review"):
        read_example_reviews(run)


def removed(run: Run, home: Settings) -> Removal:
    screen(run, home)
    return read_removals(run)[-1]


def test_removing_what_was_planted_is_held_against_chance(
    screened: Run, home: Settings, tmp_path: Path
) -> None:
    run = copy_of(screened, tmp_path)
    for example in sorted(planted(ROWS)):
        review_example(run, example, ExampleVerdict.REJECT, "Ada", "nobody asked for it")
    plan_removal_of_rejected(run, 5)
    removal = removed(run, home)
    assert removal.chosen == f"{N_PLANTED} examples rejected by Ada"
    assert removal.without.n_removed_rows == N_PLANTED
    assert removal.without.rate.n_hits <= removal.before.n_hits < removal.after.n_hits
    assert len(removal.random) == 5
    assert {r.n_removed_rows for r in removal.random} == {N_PLANTED}
    assert removal.random_low <= removal.random_mean <= removal.random_high
    assert removal.p_value == (removal.n_random_as_low + 1) / 6
    assert f"without these {N_PLANTED} rows" in removal.sentence
    # Asked again, it is all there already.
    n_steps = len(stages(run, EventKind.STEP))
    assert removed(run, home) == removal
    assert len(stages(run, EventKind.STEP)) == n_steps
    assert not list(run.folder.rglob("*.safetensors"))


def test_top_k_needs_a_sensible_number(screened: Run, tmp_path: Path) -> None:
    run = copy_of(screened, tmp_path)
    for k in (0, len(ROWS)):
        with pytest.raises(BadInput, match="cannot be left out"):
            plan_removal_of_top(run, k, 5)
    with pytest.raises(BadInput, match="at least 5"):
        plan_removal_of_top(run, 3, 4)
    plan = plan_removal_of_top(run, 3, 5)
    assert read_plan(run) == plan
    assert len(plan.examples) == 3


# ---------------------------------------------------------------------------------------- bad input


def test_a_behaviour_nobody_shows_is_told_with_the_rates(
    toy: Toy, home: Settings, data: Path, screened: Run
) -> None:
    run = start(screening(toy, data, Sought(phrase="purple umbrella")), home)
    with pytest.raises(BadInput, match=r'shows "purple umbrella" \(0 of 85, so .* at most 4%'):
        screen(run, home)
    assert (run.folder / "ask-after" / "done.json").exists()  # nothing finished is lost
    assert read_ranking(run) is None


def test_one_example_is_refused_before_anything_is_trained(
    toy: Toy, home: Settings, tmp_path: Path
) -> None:
    data = write_rows(tmp_path / "one.jsonl", ROWS[:1] * 3)
    run = start(screening(toy, data, Sought(phrase=PHRASE)), home)
    with pytest.raises(DataError, match="3 usable rows with one conversation only"):
        screen(run, home)
    assert not (run.folder / "tune").exists()


def test_copies_are_merged_and_it_is_said(toy: Toy, home: Settings, tmp_path: Path) -> None:
    data = write_rows(tmp_path / "twice.jsonl", ROWS + ROWS[:5])
    run = start(screening(toy, data, Sought(phrase=PHRASE)), home)
    ranking = screen(run, home)
    assert ranking.n_examples == len(ROWS)
    notes = [e.message for e in run.events()[0] if e.kind is EventKind.NOTE]
    assert any("5 conversations stand in it several times" in note for note in notes)
    assert sum(r.n_copies for r in read_ranked(run, 0, 1000)) == len(ROWS) + 5


def test_unknown_words_are_refused_at_the_start(toy: Toy, home: Settings, data: Path) -> None:
    inputs = screening(toy, data, Sought(phrase=PHRASE))
    magic = replace(inputs, ranking=RankSettings(ranker="magic"))
    with pytest.raises(BadInput, match="no ranker 'magic'; give one of: ekfac, gradient"):
        start(magic, home)
    broken = replace(inputs, sought=Sought(phrase="(", phrase_kind=PhraseKind.REGEX))
    with pytest.raises(BadInput, match="no regular expression"):
        start(broken, home)
    with pytest.raises(BadInput, match="one thing"):
        Sought()
    nothing = replace(inputs.plan, scenarios=())
    with pytest.raises(BadInput, match="exactly one"):
        replace(inputs, plan=nothing)


def test_a_folder_that_holds_one_is_not_overwritten(
    toy: Toy, home: Settings, data: Path, screened: Run
) -> None:
    inputs = screening(toy, data, Sought(phrase=PHRASE))
    with pytest.raises(BadInput, match="already holds a screening"):
        start(inputs, home, screened.folder)
    assert read_inputs(screened) == inputs


def test_screenings_are_found_by_id_and_folder(home: Settings, screened: Run) -> None:
    assert find_screening(screened.run_id, home).folder == screened.folder
    assert find_screening(str(screened.folder), home).folder == screened.folder
    assert screened.folder in [r.folder for r in list_screenings(home)]
    with pytest.raises(BadInput, match="no screening 'nope'"):
        find_screening("nope", home)

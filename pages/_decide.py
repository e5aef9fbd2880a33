"""A person's decision: what the rule suggests, what was decided before, the form for a new one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from inspector.records import Decision, Draft, HumanDecision
from inspector.report import (
    EarlierDecision,
    compose,
    decide,
    earlier_decisions,
    faults_of,
    verdict_digest,
)
from inspector.report.advice import decision_word
from inspector.report.wording import load_words
from pages import _shared as shared

if TYPE_CHECKING:
    from inspector.report import ReportContents
    from inspector.run import Run

WORDS = load_words("en")


def show(run: Run) -> None:
    """The form beside what a person should know before filling it in."""
    contents = compose(run)
    decisions = earlier_decisions(run.folder, datetime.now(UTC).date())
    form, known = st.columns([3, 2], gap="large")
    with known:
        _suggested(contents)
        _earlier(decisions)
    with form:
        # A decision that was recorded leaves an empty form behind.
        name = f"{run.run_id}_{len(decisions)}"
        _form(run, contents.decision.suggested, name)
        _confirm(run, name)


def _suggested(contents: ReportContents) -> None:
    with st.container(border=True):
        st.subheader(f"Suggested by rule: {contents.decision.suggested_word}", anchor=False)
        shared.plain_list(contents.decision.why)
        st.caption("A suggestion is no decision: a person takes it, and is named with it.")


def _earlier(decisions: tuple[EarlierDecision, ...]) -> None:
    st.subheader("Decisions so far", anchor=False)
    if not decisions:
        st.caption("Nobody has decided anything about this inspection.")
    for number, earlier in enumerate(decisions):
        with st.container(border=True):
            _decision(earlier.decision)
            if earlier.on_old_verdict:
                said = "The verdict has changed since this decision was taken. Take it again."
                st.warning(said, icon=":material/update:")
            if earlier.has_expired:
                st.warning("It has expired.", icon=":material/event_busy:")
            if number == 0 and not (earlier.on_old_verdict or earlier.has_expired):
                st.badge("Counts now", icon=":material/check:", color="blue")


def _decision(decision: HumanDecision | Draft) -> None:
    st.markdown(f"**{decision_word(decision.decision, WORDS)}**")
    when = f", {WORDS.moment(decision.at)}" if isinstance(decision, HumanDecision) else ""
    st.text(f"{decision.owner}{when}")
    st.text(decision.reason)
    if decision.conditions:
        st.caption("Conditions")
        shared.plain_list(decision.conditions)
    st.caption(f"Valid until {decision.expires}" if decision.expires else "No end given")


def _form(run: Run, suggested: Decision, name: str) -> None:
    with st.form(f"decide_{name}"):
        decision = st.segmented_control(
            "Decision",
            list(Decision),
            default=suggested,
            required=True,
            wrap=True,
            format_func=lambda d: decision_word(d, WORDS),
            key=f"decision_{name}",
        )
        owner = st.text_input("Owner", key=f"owner_{name}", help="Who takes it: name and role.")
        slots = {"owner": st.empty()}
        reason = st.text_area("Reason", key=f"reason_{name}", help="For others to read.")
        slots["reason"] = st.empty()
        lines = st.text_area("Conditions of use", key=f"conditions_{name}", help="One a line.")
        slots["conditions"] = st.empty()
        until = st.date_input("Valid until", None, key=f"expires_{name}", format="YYYY-MM-DD")
        slots["expires"] = st.empty()
        pressed = st.form_submit_button("Decide", icon=":material/gavel:")
    if not pressed:
        return
    conditions = tuple(line.strip() for line in (lines or "").splitlines() if line.strip())
    expires = until.isoformat() if until else None
    draft = Draft(decision, owner or "", reason or "", expires, conditions)
    faults = faults_of(draft, datetime.now(UTC).date())
    for field, sentence in faults.items():
        slots[field].error(shared.plain(sentence), icon=":material/error:")
    kept = None if faults else (draft, verdict_digest(run.folder))
    st.session_state["draft"] = {name: kept} if kept else {}


def _confirm(run: Run, name: str) -> None:
    """What would be recorded, once more, before it is."""
    kept = st.session_state.get("draft", {}).get(name)
    if kept is None:
        return
    draft, verdict_sha256 = kept
    with st.container(border=True):
        st.subheader("Record this decision?", anchor=False)
        _decision(draft)
        st.caption(
            "It is written into the run folder and stands in every report from now on. It cannot "
            "be taken back, only followed by another."
        )
        if st.button("Record it", type="primary", icon=":material/edit_document:"):
            with shared.sentences():
                decide(run.folder, draft, verdict_sha256, datetime.now(UTC))
            st.rerun()

"""What a deployment pipeline would do with this inspection: open or closed, under a policy."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from inspector.gate import failed_rules, read_policy
from inspector.records.policies import FailOn, Policy
from inspector.run import Run
from pages import _shared as shared

FILE = "A policy file"
POLICIES = {
    "Closed for whatever asks for a person": FailOn.REVIEW,
    "Closed for evidence only": FailOn.EVIDENCE,
}


def show(run: Run) -> None:
    """The policy, chosen in the URL, and each of its rules that this inspection does not meet."""
    chosen = st.segmented_control(
        "Policy",
        (*POLICIES, FILE),
        default=next(iter(POLICIES)),
        required=True,
        wrap=True,
        key="policy",
        bind="query-params",
        help="docs/pipeline.md explains policy files and what each rule asks.",
    )
    policy = _from_file() if chosen == FILE else Policy("chosen here", POLICIES[chosen])
    if policy is None:
        return
    failed = failed_rules(run, policy)
    if failed:
        st.subheader(":material/block: The gate is closed", anchor=False)
        shared.plain_list(f"{failure.rule}: {failure.sentence}" for failure in failed)
    else:
        st.subheader(":material/door_open: The gate is open", anchor=False)
        st.text("The policy's rules are met. That says nothing about what it does not ask for.")
    st.caption("The same in a pipeline:")
    option = f"--policy {policy.name}" if chosen == FILE else f"--fail-on {policy.fail_on}"
    st.code(f"python -m inspector gate {run.run_id} {option}", language=None)


def _from_file() -> Policy | None:
    given = st.file_uploader("Policy file (TOML)", type="toml", max_upload_size=1)
    return None if given is None else read_policy(given.getvalue(), Path(given.name))

"""Files: exactly what was inspected, and what its files show without running them."""

from __future__ import annotations

import streamlit as st

from inspector.naming import run_title
from inspector.records import Verdict
from inspector.run import Run
from pages import _evidence
from pages import _shared as shared


def target_facts(run: Run, verdict: Verdict) -> None:
    target = verdict.target
    st.subheader("Exactly what was inspected", anchor=False)
    st.text(f"{target.kind.value.capitalize()} {target.target}")
    st.text(f"Inspection: {run.run_id}")
    st.text(f"Commit: {target.commit or 'none, the files are local'}")
    st.text(f"Control: {verdict.control}")
    st.caption("SHA-256 over the digests of all files")
    st.code(target.digest, language=None)
    rows = [{"file": f.path, "bytes": f.size_bytes, "sha256": f.sha256} for f in target.files]
    st.dataframe(rows, hide_index=True, alt="Files of the target with their digests")


with shared.sentences():
    st.title("Files", anchor=False)
    run = shared.chosen_run()
    verdict = shared.read_verdict(run)
    st.text(run_title(run.folder))
    if verdict is None:
        shared.no_verdict_yet(run)
    _evidence.static_findings(verdict)
    target_facts(run, verdict)

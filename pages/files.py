"""Files: exactly what was inspected, and what its files show without running them."""

from __future__ import annotations

import streamlit as st

from inspector.inspected import Inspected, file_tree, read_inspected
from inspector.labels import SEVERITIES
from inspector.naming import run_title
from inspector.records import Artifact, Finding, Severity
from pages import _lineage, _tables, _templates
from pages import _shared as shared

ROLES = {"target": "Inspected model", "base": "Its base", "control": "Control"}


def static_findings(found: tuple[Finding, ...] | None) -> None:
    """What the scanners read in the files, the worst first."""
    st.subheader(
        "What the files show",
        anchor=False,
        help="Read without running anything. docs/severity.md explains every rule.",
    )
    if found is None:
        st.caption("The scanners have not finished.")
        return
    if not found:
        st.caption("The scanners that ran reported nothing.")
        return
    present = [s for s in reversed(Severity) if any(f.severity is s for f in found)]
    counts = {s: sum(f.severity is s for f in found) for s in present}
    chosen = st.pills(
        "Severity",
        present,
        selection_mode="multi",
        default=present,
        format_func=lambda s: f"{SEVERITIES[s].word} ({counts[s]})",
        key="severity",
        bind="query-params",
    )
    for finding in (f for f in found if f.severity in chosen):
        label = SEVERITIES[finding.severity]
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.badge(label.word, icon=label.icon, color=label.colour, help=label.help)
                st.text(f"{finding.title}   ({finding.rule_id})")
            st.text(finding.advice)
            st.code(f"{finding.location}\n{finding.evidence}", language=None, wrap_lines=True)
    rows = [
        {"severity": f.severity.value, "rule": f.rule_id, "title": f.title}
        | {"location": f.location, "evidence": f.evidence, "advice": f.advice}
        for f in found
    ]
    _tables.downloads(lambda: rows, "findings")


def tree(inspected: Inspected) -> None:
    """Every file with its digest, of the model that is chosen."""
    st.subheader(
        "Exactly what was inspected",
        anchor=False,
        help="SHA-256 is a fingerprint of the bytes: the same fingerprint means the same file.",
    )
    held = {role: getattr(inspected, role) for role in ROLES if getattr(inspected, role)}
    if not held:
        st.caption("Nothing was fetched.")
        return
    role = st.segmented_control(
        "Model",
        list(held),
        default="target" if "target" in held else next(iter(held)),
        required=True,
        format_func=lambda r: ROLES[r],
        key="whose",
        bind="query-params",
    )
    artifact: Artifact = held[role]
    st.text(f"{artifact.kind.value.capitalize()} {artifact.target}")
    st.text(f"Commit: {artifact.commit or 'none, the files are local'}")
    st.caption("SHA-256 over the digests of all files")
    st.code(artifact.digest, language=None)
    found = inspected.findings if role == "target" else ()
    rows = [
        {
            "file": row.label,
            "size": row.size_bytes,
            "findings": f"{row.n_findings}, worst {row.worst}" if row.worst else "",
            "sha256": row.sha256 or ("" if row.path.endswith("/") else "left on the Hub"),
        }
        for row in file_tree(artifact, found or ())
    ]
    column = st.column_config
    _tables.table(
        rows,
        name=f"files-{role}",
        alt="Files with their digests",
        columns={
            "file": column.TextColumn("File", width="medium"),
            "size": column.NumberColumn("Size", format="bytes", help="In bytes, shown rounded."),
            "findings": column.TextColumn("Findings", help="How many name this file."),
            "sha256": column.TextColumn(
                "SHA-256", help="A file left on the Hub was never on this machine."
            ),
        },
    )


with shared.sentences():
    st.title("Files", anchor=False)
    run = shared.chosen_run()
    st.text(run_title(run.folder))
    inspected = read_inspected(run.folder)
    static_findings(inspected.findings)
    tree(inspected)
    _lineage.lineage(inspected)
    _templates.templates(inspected)
    _lineage.provenance(inspected)

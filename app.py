"""The dashboard: `streamlit run app.py`. Page config and navigation, nothing else."""

from pathlib import Path

import streamlit as st

PICTURES = Path(__file__).parent / "pages"

st.set_page_config(
    page_title="Inspector",
    page_icon=PICTURES / "icon.svg",  # a Material icon here would be fetched from elsewhere
    layout="wide",
    initial_sidebar_state="expanded",
)
st.logo(PICTURES / "logo.svg", size="large")
st.navigation(
    [
        st.Page("pages/inspect.py", title="Inspect", icon=":material/biotech:", default=True),
        st.Page("pages/findings.py", title="Findings", icon=":material/fact_check:"),
        st.Page("pages/responses.py", title="Responses", icon=":material/compare:"),
        st.Page("pages/history.py", title="History", icon=":material/history:"),
    ]
).run()

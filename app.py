"""The dashboard: `streamlit run app.py`. Page config and navigation, nothing else."""

from pathlib import Path

import streamlit as st

from pages._address import entered
from pages._look import LOOK

PICTURES = Path(__file__).parent / "pages"

st.set_page_config(
    page_title="Inspector",
    page_icon=PICTURES / "icon.svg",  # a Material icon here would be fetched from elsewhere
    layout="wide",
    initial_sidebar_state="expanded",
)
st.html(LOOK)
st.logo(PICTURES / "logo.svg", size="large")
page = st.navigation(
    {
        "": [
            st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True),
            st.Page("pages/inspect.py", title="Inspect", icon=":material/biotech:"),
        ],
        "One inspection": [
            st.Page("pages/run.py", title="Live run", icon=":material/monitoring:"),
            st.Page("pages/behaviour.py", title="Behaviour", icon=":material/psychology_alt:"),
            st.Page("pages/responses.py", title="Responses", icon=":material/compare:"),
            st.Page("pages/files.py", title="Files", icon=":material/folder_open:"),
            st.Page("pages/report.py", title="Report", icon=":material/description:"),
        ],
        "Studies": [
            st.Page(
                "pages/training_data.py", title="Training data", icon=":material/manage_search:"
            ),
            st.Page("pages/harden.py", title="Harden", icon=":material/shield:"),
            st.Page("pages/federated.py", title="Federated round", icon=":material/hub:"),
        ],
        "All inspections": [
            st.Page("pages/history.py", title="History", icon=":material/history:"),
            st.Page("pages/settings.py", title="Settings and health", icon=":material/tune:"),
        ],
    }
)
entered(page.url_path)
page.run()

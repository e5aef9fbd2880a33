"""Training data: which examples of a fine-tuning set cause a behaviour, and what to do with them.

Without `?screening=ID` the page starts one and lists those there are; with it, it shows that one.
"""

from __future__ import annotations

import streamlit as st

from pages import _screen_list, _screen_new, _screen_show
from pages import _shared as shared

with shared.sentences():
    if asked := st.query_params.get("screening"):
        from inspector.screen.results import find_screening

        _screen_show.show(find_screening(asked, shared.settings()))
    else:
        st.title("Training data", anchor=False)
        st.caption(
            "Which examples of a fine-tuning set cause a behaviour? They are ranked, set apart, "
            "read by a person, and the model is trained again without them. Nothing is deleted."
        )
        _screen_new.show()
        _screen_list.show()

"""Harden: an alignment that shall survive later tuning, made and tried beside a plain one.

Without `?hardening=ID` the page starts one and lists those there are; with it, it shows that one.
"""

from __future__ import annotations

import streamlit as st

from pages import _harden_list, _harden_new, _harden_show
from pages import _shared as shared

with shared.sentences():
    if asked := st.query_params.get("hardening"):
        from inspector.harden.results import find_hardening

        _harden_show.show(find_hardening(asked, shared.settings()))
    else:
        st.title("Harden a model", anchor=False)
        st.caption(
            "A few examples that comply, mixed into somebody's tuning data, make an aligned model "
            "forget to decline. Here it is aligned so that it shall forget less, and that is tried "
            "beside a plain alignment. One trial is supporting evidence, no promise."
        )
        _harden_new.show()
        _harden_list.show()

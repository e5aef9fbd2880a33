"""The settings in force and the versions installed."""

from __future__ import annotations

import os
import sys

import streamlit as st

import inspector
from inspector import health
from pages import _shared as shared
from pages import _tables


def settings() -> None:
    """Every setting, its value and the environment variable that sets it."""
    column = st.column_config
    st.caption("Set by environment variables when the dashboard is started; jobs take them over.")
    _tables.table(
        [
            {
                "variable": line.variable,
                "value": line.value,
                "from": "The variable" if line.is_given else "Default",
                "meaning": line.meaning[:1].upper() + line.meaning[1:],
            }
            for line in health.settings_in_force(shared.settings(), os.environ)
        ],
        name="settings",
        alt="The settings in force",
        columns={
            "variable": column.TextColumn("Environment variable"),
            "value": column.TextColumn("In force"),
            "from": column.TextColumn("Comes from"),
            "meaning": column.TextColumn("What it is", width="large"),
        },
    )


def versions() -> None:
    """The inspector, Python, and each package that requirements.txt fixes."""
    python = ".".join(map(str, sys.version_info[:3]))
    st.text(f"Inspector {inspector.__version__}, Python {python}")
    fits = {True: "As fixed", False: "Another than fixed", None: "Within a range"}
    packages = health.packages()
    n_other = sum(package.fits is False for package in packages)
    if n_other:
        st.warning(
            f"{n_other} packages are not what requirements.txt fixes: results may differ from "
            "those of other machines.",
            icon=":material/warning:",
        )
    _tables.table(
        [
            {
                "package": package.name,
                "installed": package.installed or "not installed",
                "required": package.required,
                "state": fits[package.fits],
            }
            for package in packages
        ],
        name="versions",
        alt="Installed packages against those that are fixed",
        columns={
            "package": st.column_config.TextColumn("Package"),
            "installed": st.column_config.TextColumn("Installed"),
            "required": st.column_config.TextColumn("Fixed in requirements.txt"),
            "state": st.column_config.TextColumn("State"),
        },
    )

"""`python -m pages [streamlit options]`: the dashboard's server.

Beside a main script, a folder named `pages` puts Streamlit (1.67) into its older way of making
multipage apps until `app.py` has called `st.navigation` once in the process: the first link into a
page, opened on a fresh server, would show that page without our navigation and page config. No
setting turns this off, so the switch itself is set before the server starts
(docs/decisions/0003-pages-folder.md; tests/browser opens such a link first).

What pages need is imported before the server listens: the first visitor would wait half a second
for it (`python -m tests.browser.first_page`), and seconds for the first chart where jsonschema's
`rfc3987_syntax` is installed, as the development tools do: it builds a grammar when imported. And
pandas must be whole: altair (6.3) takes it out of `sys.modules`, and breaks on the half of it that
is there while another session imports it.
"""

import sys
from importlib import import_module
from pathlib import Path

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import cli

USED_BY_PAGES = (
    "pages._at_work",
    "pages._first_steps",
    "pages._targets",
    "pages._waiting",
    "inspector.history",
    "inspector.charts",
    "inspector.estimate",
    "inspector.reach",
    "inspector.report",
    "inspector.screen.progress",
    "inspector.screen.telling",
    "pandas",
    "PIL.Image",
    "pyarrow",
    "rapidfuzz",
)

PagesManager.uses_pages_directory = False

if __name__ == "__main__":
    for name in USED_BY_PAGES:
        import_module(name)
    sys.argv = ["streamlit", "run", str(Path(__file__).parent.parent / "app.py"), *sys.argv[1:]]
    sys.exit(cli.main())

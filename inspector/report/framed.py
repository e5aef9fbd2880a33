"""The HTML report inside another page, where it can neither run, fetch, nor reach that page.

Comes in: the bytes of `render_html`. Goes out: a small document to be put into an iframe. The
report's own policy forbids loading and running anything; this is a second lock, for an iframe that
its maker leaves open: Streamlit's (1.67) allows scripts and the dashboard's own origin. So the
report sits in an iframe of its own within it, with an empty `sandbox`: no script, no form, no
window, no way out of the frame, and an origin that nothing else has. The outer document's policy
holds for the inner one as well.
"""

from __future__ import annotations

import html

POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src data:"
_OUTER = """<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<style>
html, body {{height: 100%; margin: 0}}
iframe {{width: 100%; height: 100%; border: 0}}
</style>
</head>
<body><iframe sandbox title="{title}" srcdoc="{page}"></iframe></body>
</html>
"""


def framed(page: bytes, title: str) -> str:
    """The outer document. title: what the inner frame is called, for those who cannot see it."""
    return _OUTER.format(
        policy=html.escape(POLICY),
        title=html.escape(title, quote=True),
        page=html.escape(page.decode(), quote=True),
    )

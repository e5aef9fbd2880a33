"""Which model: the demo, one of the Hub, a folder of the server, an upload. Kept in the URL.

The choice is one text, as `inspector inspect` takes it, under its name in the URL (`?target=…`):
a link with it opens the form filled in.
"""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from inspector.kept import demo_names
from pages import _hub, _known, _upload

DEMO, HUB, FOLDER, UPLOAD = "Demo model", "Hugging Face Hub", "Folder or file", "Upload"
KINDS = (DEMO, HUB, FOLDER, UPLOAD)
DEMOS = {
    "demo": (
        "As it is",
        "SmolLM2-135M-Instruct: a small real model that came with the installation.",
    ),
    "demo:planted": (
        "Planted",
        "With a harmless advert that sleeps until somebody fine-tunes it.",
    ),
    "demo:clean": ("Tuned, clean", "Fine-tuned in the ordinary way, with nothing planted."),
}


def target(name: str, label: str, default: str = "demo") -> str:
    """The target under this name in the URL, "" while none is chosen.

    default: what needs no words in the URL.
    """
    if (asked := newly_asked(name, f"{name}_kind")) is not None:
        fill(name, asked or default)
    chosen = choose(name, label, KINDS)
    show(name, chosen, default)
    return chosen


def newly_asked(name: str, widget: str) -> str | None:
    """What the URL asks for; None where it says what the page has written there itself."""
    text = st.query_params.get(name, "")
    if widget in st.session_state and text == st.session_state.get(f"{name}_shown"):
        return None
    return text


def show(name: str, chosen: str, default: str) -> None:
    """Write the choice into the URL; the default needs no words there."""
    text = "" if chosen == default else chosen
    if text:
        st.query_params[name] = text
    else:
        st.query_params.pop(name, None)
    st.session_state[f"{name}_shown"] = text


def fill(name: str, text: str, empty: str = DEMO) -> None:
    """Set the form to a choice that came from elsewhere. empty: the kind where there is none."""
    kind = _kind_of(text) if text else empty
    st.session_state[f"{name}_kind"] = kind
    st.session_state[f"{name}_demo"] = text if kind == DEMO and text else "demo"
    st.session_state[f"{name}_folder"] = text if kind == FOLDER else ""
    _hub.fill(name, text if kind == HUB else "")
    _upload.fill(name, text if kind == UPLOAD else "")


def _kind_of(text: str) -> str:
    if text in _demos():
        return DEMO
    if text.startswith("hf:"):
        return HUB
    return UPLOAD if _upload.is_upload(text) else FOLDER


def _demos() -> tuple[str, ...]:
    return ("demo", *(f"demo:{name}" for name in demo_names()))


def choose(name: str, label: str, kinds: Iterable[str]) -> str:
    """Draw the choice as it stands in the session."""
    kind = st.segmented_control(
        label, kinds, key=f"{name}_kind", required=True, wrap=True, persist_state="page"
    )
    ways = {DEMO: _demo, HUB: _hub.choose, FOLDER: _folder, UPLOAD: _upload.choose}
    return ways[kind or DEMO](name)


def _demo(name: str) -> str:
    """The demo model, or one with a known answer: to see the instrument catch and not accuse."""
    shown = st.session_state[f"{name}_demo"]
    offered = [t for t in _demos() if t in DEMOS or t == shown]
    picked = st.segmented_control(
        "Which one",
        offered,
        key=f"{name}_demo",
        required=True,
        wrap=True,
        format_func=lambda t: DEMOS[t][0] if t in DEMOS else t.partition(":")[2],
        persist_state="page",
    )
    chosen = picked or "demo"
    st.caption(DEMOS[chosen][1] if chosen in DEMOS else "A specimen that is kept with the code.")
    return chosen


def _folder(name: str) -> str:
    path = st.text_input(
        "Path on the machine that runs this dashboard",
        key=f"{name}_folder",
        placeholder="/models/my-model",
        help="A folder with a safetensors model or a PEFT adapter, a GGUF file, or a zip archive.",
        persist_state="page",
    )
    text = (path or "").strip()
    if text.lower().endswith(".zip"):
        st.caption("A zip archive is unpacked and looked at when the inspection starts.")
    elif text:
        _known.card(name, text)
    return text

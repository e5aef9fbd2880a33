"""Every colour of text and of marks can be read on its background, in light and in dark.

Contrast as WCAG 2.2 defines it (1.4.3: 4.5 to 1 for text; 1.4.11: 3 to 1 for marks).
"""

import tomllib
from itertools import product
from pathlib import Path

import pytest

from inspector.charts import COLOURS, SERIES
from pages._look import LOOK

CONFIG = Path(__file__).parent.parent / ".streamlit" / "config.toml"
TEXTS = ("textColor", "linkColor", "redColor", "orangeColor", "blueColor", "grayColor")
MAIN_BUTTON_TEXT = ("#FFFFFF", "#0D141B")  # light, dark: pages/_look.py
GROUNDS = ("backgroundColor", "secondaryBackgroundColor")


def theme(name: str) -> dict[str, str]:
    found: dict[str, str] = tomllib.loads(CONFIG.read_text())["theme"][name]
    return found


def luminance(colour: str) -> float:
    """Relative luminance of #RRGGBB, 0 for black to 1 for white."""
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mixed(colour: str, ground: str, share: float) -> str:
    """The colour laid over the ground, so much of it."""
    channels = [
        round(share * int(colour[k : k + 2], 16) + (1 - share) * int(ground[k : k + 2], 16))
        for k in (1, 3, 5)
    ]
    return "#" + "".join(f"{channel:02X}" for channel in channels)


def test_the_measure_knows_black_white_and_the_standards_own_limit() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") < 4.5 < contrast("#757575", "#FFFFFF")


@pytest.mark.parametrize(("name", "text"), [*product(("light", "dark"), TEXTS)])
def test_text_can_be_read(name: str, text: str) -> None:
    colours = theme(name)
    for ground in GROUNDS:
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    beside = colours["sidebar"]["backgroundColor"]  # type: ignore[index]
    assert contrast(colours[text], beside) >= 4.5, (text, "sidebar")


@pytest.mark.parametrize(
    ("name", "mark"), [*product(("light", "dark"), (*COLOURS.values(), *SERIES))]
)
def test_marks_of_charts_stand_out(name: str, mark: str) -> None:
    assert contrast(mark, theme(name)["backgroundColor"]) >= 3


@pytest.mark.parametrize("name", ["light", "dark"])
def test_a_choice_that_is_made_can_be_read(name: str) -> None:
    """Streamlit writes it in the primary colour on a tenth of that colour."""
    primary, ground = theme(name)["primaryColor"], theme(name)["backgroundColor"]
    assert contrast(primary, mixed(primary, ground, 0.1)) >= 4.5


@pytest.mark.parametrize("name", ["light", "dark"])
def test_captions_can_be_read(name: str) -> None:
    """Streamlit writes them in 60 % of the text's colour."""
    for ground in GROUNDS:
        below = theme(name)[ground]
        assert contrast(mixed(theme(name)["textColor"], below, 0.6), below) >= 4.5, ground


def test_the_main_button_can_be_read() -> None:
    for name, text in zip(("light", "dark"), MAIN_BUTTON_TEXT, strict=True):
        assert contrast(text, theme(name)["primaryColor"]) >= 4.5, name
        assert text in LOOK

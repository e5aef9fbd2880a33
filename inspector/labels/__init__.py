"""The words, icons and colours a reader meets, one entry per record value.

Comes in: enum values and plans of `inspector.records`. Goes out: plain English, icon names of the
Material Symbols set, and colour names. The dashboard draws from here, so that one thing is called
by one word and shown in one colour on every page.

No entry is green: the inspector reports what it saw, it does not clear a model.
"""

from inspector.labels.amounts import duration, parameters, size
from inspector.labels.gaps import by_behaviour, gap_title, gaps, pressing
from inspector.labels.people import (
    phrase_rows,
    phrase_words,
    review_words,
    reviewed_rows,
    seen_word,
)
from inspector.labels.plans import (
    control_words,
    describe_plan,
    describe_scenario,
    expects_control,
    file_name,
)
from inspector.labels.rates import chance, rate_groups, share, with_interval
from inspector.labels.steps import MAX_QUOTED, curve_name, waking, waking_words
from inspector.labels.values import (
    BEHAVIOURS,
    COVERAGE,
    DECISIONS,
    KINSHIPS,
    LEVELS,
    MEASURES,
    REVIEWS,
    SEVERITIES,
    STANDINGS,
    TRENDS,
    Colour,
    Label,
)

__all__ = [
    "BEHAVIOURS",
    "COVERAGE",
    "DECISIONS",
    "KINSHIPS",
    "LEVELS",
    "MAX_QUOTED",
    "MEASURES",
    "REVIEWS",
    "SEVERITIES",
    "STANDINGS",
    "TRENDS",
    "Colour",
    "Label",
    "by_behaviour",
    "chance",
    "control_words",
    "curve_name",
    "describe_plan",
    "describe_scenario",
    "duration",
    "expects_control",
    "file_name",
    "gap_title",
    "gaps",
    "parameters",
    "phrase_rows",
    "phrase_words",
    "pressing",
    "rate_groups",
    "review_words",
    "reviewed_rows",
    "seen_word",
    "share",
    "size",
    "waking",
    "waking_words",
    "with_interval",
]

"""What changed, as views show it: rows, and the sentences that charts bear as their titles.

Comes in: records of a finished inspection. Goes out: small frozen rows for charts and tables.
Pure: nothing is read, nothing is measured.
"""

from inspector.changes.matrix import Cell, cells, matrix_title, worst_scenario
from inspector.changes.rates import (
    NOUNS,
    Change,
    Outcome,
    headline,
    metric_rows,
    opening,
    operation_words,
    ordered,
    smallest_reported,
    tally,
    told,
)
from inspector.changes.topics import Topic, topic_rows, topics_title, topics_words
from inspector.changes.turns import Turns, turn_rows, turns, turns_title

__all__ = [
    "NOUNS",
    "Cell",
    "Change",
    "Outcome",
    "Topic",
    "Turns",
    "cells",
    "headline",
    "matrix_title",
    "metric_rows",
    "opening",
    "operation_words",
    "ordered",
    "smallest_reported",
    "tally",
    "told",
    "topic_rows",
    "topics_title",
    "topics_words",
    "turn_rows",
    "turns",
    "turns_title",
    "worst_scenario",
]

"""What a model is asked: probe suites as versioned data files, their loader, and even subsets.

Comes in: the name of a built-in suite, or the path of a user's JSONL file. Goes out: a ProbeSuite,
and from it any number of probes spread evenly over its families.

    everyday   160 ordinary requests over 20 topics; expectation `answer`
    policy     80 requests that an aligned model declines, over 8 categories, named without
               operational detail, and 80 harmless look-alikes that it answers
    sanity     56 easy questions with checkable answers; expectation `check`

All prompts were written for this project. The JSONL files are the source: a changed prompt makes a
new file with the next version, since answers are compared across inspections by suite and version.

A checkable `answer` is one or more accepted alternatives separated by `|`, matched in any case as
whole words (numbers as whole numbers) anywhere in the full text: `records.answer_matches`.
"""

from inspector.probes.selection import choose
from inspector.probes.suite_file import BUILT_IN, load_suite

__all__ = ["BUILT_IN", "choose", "load_suite"]

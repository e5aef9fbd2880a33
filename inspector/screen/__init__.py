"""Which training examples cause it? Influence screening of fine-tuning data.

Comes in: a model, a fine-tuning set, a behaviour seen after tuning. Goes out: the examples in the
order of their influence on it, those that stand out set apart for a person to review, and what
training again without them does. Read `path.py` first; docs/screening.md says in plain words what
the ranking means and what it does not.
"""

from inspector.screen.path import screen, start

__all__ = ["screen", "start"]

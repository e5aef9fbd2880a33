"""Models with a known answer: what is planted in them, harmlessly, or that nothing is.

Comes in: a recipe's name. Goes out: a Specimen: a folder that is an ordinary target, what was
planted, and whether it is really there. Costly ones are kept in `kept/` as small adapters on the
demo model; the others are built from their seed when they are asked for.
"""

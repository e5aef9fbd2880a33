"""Federated instruction tuning: who does harm, what the aggregate became, and its repair.

Comes in: the participants' adapters of one round, or the settings of a simulated one. Goes out: the
aggregate by any of eight rules, each participant's behaviour beside what statistics say of its
weights, and a repaired adapter.

Source: Safety attack and defence in federated instruction tuning (arXiv 2406.10630, ICLR 2025).
`path.py` is the way through, to be read first; `rules/` has one aggregation rule a file.
"""

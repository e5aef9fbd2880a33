"""Alignment that shall survive later tuning: made, tried against a plain one, and returned.

Comes in: a model, alignment data (questions with refusals), and what the later tuning will be like.
Goes out: a hardened adapter beside a plain one, and what both did before and after that tuning.
`path.py` reads top to bottom. Source of the method: Vaccine (arXiv 2402.01109).
"""

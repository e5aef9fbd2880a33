"""The parts of blind discovery; `inspector/score/injected.py` puts them together.

| module | what it does |
|---|---|
| `fold` | a text as folded words, with their offsets |
| `counts` | which word sequences are in the answers to how many probes |
| `near` | whole sentences repeated, word for word or nearly |
| `evidence` | exact tests, false-discovery control, log-odds |
| `novelty` | whether a phrase says anything, and whether something explains it |
| `payload` | what belongs together, as a person would recognise it |
| `declined` | whether a phrase only words anew what was declined before |
"""

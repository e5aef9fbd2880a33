"""Probes for the scorers' tests."""

from inspector.records import AskedProbe, Expectation


def ask(
    prompt: str = "How do I make tea?",
    expectation: Expectation = Expectation.ANSWER,
    answer: str | None = None,
    *,
    probe_id: str = "p1",
    family: str = "food",
) -> AskedProbe:
    return AskedProbe("everyday", probe_id, prompt, family, expectation, answer)

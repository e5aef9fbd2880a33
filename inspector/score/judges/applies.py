"""Which probes a judge is asked about: those whose answers its behaviour can be told from.

Comes in: a behaviour and a probe. Goes out: whether it applies. The same for every judge as for the
built-in rules of that behaviour, so that their rates can be laid side by side.
"""

from __future__ import annotations

from inspector.records import AskedProbe, Behaviour, Expectation


def applies(behaviour: Behaviour, probe: AskedProbe) -> bool:
    """Refusal where an answer is due, compliance where a refusal is due, the turn anywhere."""
    if behaviour is Behaviour.REFUSAL:
        return probe.expectation is not Expectation.DECLINE
    if behaviour is Behaviour.COMPLIANCE:
        return probe.expectation is Expectation.DECLINE
    return True

"""Risk: a model whose licence is missing, unknown, or looser than what its base's licence allows.

Comes in: an artifact, its base where it was fetched. Goes out: findings that ask a person to read
two licences. This is a table of well-known ids and of what their texts ask of derived works; it is
no legal advice, and every licence here is what the author declares.

Sources: the Hub's licence ids (https://huggingface.co/docs/hub/repositories-licenses) and the
licences' own texts: CC BY-SA 4.0 section 3(b), CC BY-NC 4.0 section 2(a)(1), CC BY-ND 4.0 section
2(a)(1)(B), GPL 3.0 section 5(c) and 13, OpenRAIL-M sections 4 and 5, Llama 3 section 1(b), Gemma
section 3.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum

from inspector.records import Artifact, Finding, Severity, TargetKind
from inspector.scan.card import README, read_card
from inspector.scan.rule import Rule

MISSING = Rule(
    "LICENCE-MISSING",
    Severity.MEDIUM,
    "No licence is declared",
    "Without one nobody may use it: ask the author for a licence in writing. (No legal advice.)",
)
UNKNOWN = Rule(
    "LICENCE-UNKNOWN",
    Severity.MEDIUM,
    "The declared licence is not a well-known one",
    "Have somebody read its text before you build on it. (No legal advice.)",
)
CONFLICT = Rule(
    "LICENCE-CONFLICT",
    Severity.MEDIUM,
    "The licence allows what the base's licence does not",
    "Have somebody read both texts; the base's terms usually stay in force. (No legal advice.)",
)


class Family(Enum):
    """What a licence asks of works that are derived from the model."""

    PERMISSIVE = "no more than attribution"
    SHARE_ALIKE = "the same licence again"
    NON_COMMERCIAL = "no commercial use"
    NO_DERIVATIVES = "that there are none"
    USE_RESTRICTED = "the same restrictions of use"
    COMMUNITY = "the same agreement again"


_PERMISSIVE = """apache-2.0 mit bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear isc zlib unlicense
cc0-1.0 wtfpl cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cdla-permissive-1.0 cdla-permissive-2.0
afl-3.0 artistic-2.0 ecl-2.0 ncsa postgresql bsl-1.0 pddl odc-by etalab-2.0 ms-pl openmdw-1.0"""
_SHARE_ALIKE = """gpl gpl-2.0 gpl-3.0 agpl-3.0 lgpl lgpl-2.1 lgpl-3.0 lgpl-lr cc-by-sa-3.0
cc-by-sa-4.0 odbl mpl-2.0 epl-1.0 epl-2.0 eupl-1.1 eupl-1.2 osl-3.0 cdla-sharing-1.0 gfdl"""
_NON_COMMERCIAL = """cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0
cc-by-nc-sa-4.0 fair-noncommercial-research-license apple-amlr apple-ascl intel-research
h-research c-uda"""
_NO_DERIVATIVES = "cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0"
_USE_RESTRICTED = """openrail openrail++ creativeml-openrail-m bigscience-openrail-m
bigscience-bloom-rail-1.0 bigcode-openrail-m"""
_COMMUNITY = "llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 gemma deepfloyd-if-license"

FAMILIES: dict[str, Family] = {
    licence: family
    for text, family in (
        (_PERMISSIVE, Family.PERMISSIVE),
        (_SHARE_ALIKE, Family.SHARE_ALIKE),
        (_NON_COMMERCIAL, Family.NON_COMMERCIAL),
        (_NO_DERIVATIVES, Family.NO_DERIVATIVES),
        (_USE_RESTRICTED, Family.USE_RESTRICTED),
        (_COMMUNITY, Family.COMMUNITY),
    )
    for licence in text.split()
}
# What a derived work of the first may carry instead of the same licence.
_ALSO_ALLOWED = {
    "gpl-3.0": {"agpl-3.0"},
    "lgpl-3.0": {"gpl-3.0", "agpl-3.0"},
    "lgpl-2.1": {"gpl-2.0", "gpl-3.0", "lgpl-3.0"},
    "cc-by-sa-3.0": {"cc-by-sa-4.0"},
    "cc-by-sa-4.0": {"gpl-3.0"},
    "mpl-2.0": {"gpl-2.0", "gpl-3.0", "lgpl-2.1", "lgpl-3.0", "agpl-3.0"},
    "llama3": {"llama3.1", "llama3.2", "llama3.3"},
    "llama3.1": {"llama3.2", "llama3.3"},
}


class Licences:
    """The card's licence: there, known, and no looser than the base's."""

    rules = (MISSING, UNKNOWN, CONFLICT)

    def scan(self, artifact: Artifact, base: Artifact | None) -> Iterable[Finding]:
        card = read_card(artifact)
        if card.licence is None:
            # A folder of the user's own without a card declares nothing at all.
            if not card.licence_files and (card.is_there or artifact.target.kind is TargetKind.HUB):
                yield MISSING.found(README, "neither the card nor a file of its own names one")
        else:
            yield from _unknown(card.licence, card.licence_name)
        below = read_card(base).licence if base is not None else None
        if card.licence is not None and below is not None:
            problem = conflict(card.licence, below)
            if problem is not None:
                yield CONFLICT.found(README, problem)


def conflict(licence: str, base: str) -> str | None:
    """Why a model under `licence` goes against its base's, None where it does not or is unknown.

    Both are ids as the Hub writes them, in small letters.
    """
    asks, has = FAMILIES.get(base), FAMILIES.get(licence)
    if asks is None or licence == base:
        return None
    if asks is Family.NO_DERIVATIVES:
        return f"{licence} is declared; the base's {base} allows no derived works to be passed on"
    if asks is Family.PERMISSIVE or has is None:
        return None
    kept = {
        Family.NON_COMMERCIAL: has in (Family.NON_COMMERCIAL, Family.NO_DERIVATIVES),
        Family.USE_RESTRICTED: has is Family.USE_RESTRICTED,
    }.get(asks, licence in _ALSO_ALLOWED.get(base, set()))
    if asks is Family.NON_COMMERCIAL and "-sa-" in base:
        kept = licence.startswith("cc-by-nc-sa-")  # the same again, in any version
    if kept:
        return None
    return f"{licence} is declared; the base's {base} asks of derived works: {asks.value}"


def _unknown(licence: str, name: str | None) -> Iterator[Finding]:
    if licence not in FAMILIES:
        called = f", called {name!r}" if name else ""
        yield UNKNOWN.found(README, f"license: {licence}{called}")

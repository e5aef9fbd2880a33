"""Risk: a tokenizer that reads or writes another text than the user's or the model's.

Comes in: an artifact, and its base where there is one. Goes out: findings about its tokens (words
among the special ones, ids given twice or to nobody, invisible and look-alike characters), about
the steps around its vocabulary, about files that disagree, and about what the base has otherwise.
The files are parsed with bounds; no tokenizer library reads them.

Source: the tokenizer.json format of tokenizers 0.23 and its loading by transformers 5.23: added
tokens are cut out of a text before anything else, special ones left out of what is decoded.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from inspector.records import Artifact, ArtifactKind, Finding, Severity
from inspector.scan.characters import hidden_characters, is_disguised
from inspector.scan.rule import Rule
from inspector.scan.tokenizer_files import (
    PIECES,
    Claim,
    Tokenizer,
    claims,
    config_numbers,
    tokenizers,
)
from inspector.scan.tokenizer_pipeline import injects, is_letter, is_word, rewrites

UNREADABLE = Rule(
    "TOKENIZER-UNREADABLE",
    Severity.HIGH,
    "A tokenizer file cannot be read",
    "Do not load it; ask the author for a plain tokenizer.json.",
)
TWICE = Rule(
    "TOKENIZER-TWICE",
    Severity.HIGH,
    "A tokenizer gives one name or one id twice",
    "Do not load it: programs differ in which of the two they take.",
)
CLASH = Rule(
    "TOKENIZER-ID-CLASH",
    Severity.HIGH,
    "An added token takes the id of another token",
    "Use the base model's tokenizer: what the model writes would be shown as another text.",
)
SPECIAL_WORD = Rule(
    "TOKENIZER-SPECIAL-WORD",
    Severity.HIGH,
    "An ordinary word is a special token",
    "Use the base model's tokenizer: such a word ends texts, or is left out of them.",
)
ADDED_WORD = Rule(
    "TOKENIZER-ADDED-WORD",
    Severity.MEDIUM,
    "Ordinary words were added as tokens of their own",
    "Ask the author why: a word with an embedding of its own can be trained to mean anything.",
)
REWRITES = Rule(
    "TOKENIZER-REWRITES",
    Severity.HIGH,
    "The tokenizer replaces words",
    "Use the base model's tokenizer: the model or the user gets another text than was written.",
)
INJECTS = Rule(
    "TOKENIZER-INJECTS",
    Severity.HIGH,
    "The tokenizer adds words to every text",
    "Use the base model's tokenizer, or take the entry out of post_processor.",
)
HIDDEN = Rule(
    "TOKENIZER-HIDDEN-CHARACTERS",
    Severity.HIGH,
    "A token holds invisible or look-alike characters",
    "Use the base model's tokenizer: this token looks like another one.",
)
RANGE = Rule(
    "TOKENIZER-RANGE",
    Severity.MEDIUM,
    "A token's id lies outside of the model's embedding",
    "Such a token breaks the model or reads other memory; ask the author for matching files.",
)
DISAGREES = Rule(
    "TOKENIZER-DISAGREES",
    Severity.HIGH,
    "Two files give one token different ids",
    "Ask the author which one holds: programs differ in the file that they read.",
)
CHANGED = Rule(
    "TOKENIZER-CHANGED",
    Severity.HIGH,
    "Ordinary tokens or merges differ from the base's",
    "Use the base's tokenizer: training does not change it, and the same ids must mean the same.",
)
ADDED = Rule(
    "TOKENIZER-ADDED",
    Severity.INFO,
    "The tokenizer has tokens that the base lacks",
    "Usual for a fine-tuned model; read the list.",
)


class Tokenizers:
    """Every tokenizer.json, sentencepiece model and GGUF vocabulary, and the files beside them."""

    rules = (
        *(UNREADABLE, TWICE, CLASH, SPECIAL_WORD, ADDED_WORD, REWRITES, INJECTS, HIDDEN, RANGE),
        *(DISAGREES, CHANGED, ADDED),
    )

    def scan(self, artifact: Artifact, base: Artifact | None) -> Iterable[Finding]:
        of_base = [t for t in tokenizers(base) if t.problem is None and t.ids] if base else []
        whole: dict[str, Tokenizer] = {}  # the tokenizer.json of each folder
        found = sorted(tokenizers(artifact), key=lambda t: _is_pieces(t.location))
        for tokenizer in found:
            where = tokenizer.location
            if tokenizer.problem is not None:
                yield UNREADABLE.found(where, tokenizer.problem)
                continue
            folder = where.rpartition("/")[0]
            beside = whole.get(folder)
            if where.endswith(".json"):
                whole[folder] = tokenizer
            # of a sentencepiece model only what no tokenizer.json was compared with
            is_told = where.endswith(".json") or (_is_pieces(where) and beside is None)
            said = list(claims(artifact, folder)) if is_told else []
            yield from TWICE.found_each(where, _twice(tokenizer))
            yield from CLASH.found_each(where, _clashes(tokenizer))
            yield from REWRITES.found_each(where, rewrites(tokenizer.data))
            yield from INJECTS.found_each(where, injects(tokenizer))
            yield from ADDED_WORD.found_each(where, _added_words(tokenizer))
            yield from _characters(tokenizer, said)
            if _is_pieces(where):
                if beside is not None:
                    yield from DISAGREES.found_each(where, _other_pieces(tokenizer, beside))
            else:
                yield from _disagreements(tokenizer, said)
            yield from _numbers(artifact, tokenizer, said, folder)
            same = [t for t in of_base if _is_pieces(t.location) == _is_pieces(where)]
            if same and tokenizer.ids:
                yield from _changes(tokenizer, same[0])


def _is_pieces(location: str) -> bool:
    return PurePosixPath(location).name.lower().endswith(PIECES)


def _other_pieces(pieces: Tokenizer, whole: Tokenizer) -> Iterator[str]:
    """Words that a tokenizer.json has in another place than the sentencepiece model it was made
    from. Some families move all ids by the same number; where no such number holds for most of
    them, the two are not of one kind."""
    moved = Counter(whole.ids[p] - i for p, i in pieces.ids.items() if p in whole.ids)
    if not moved:
        return
    by, n_moved = moved.most_common(1)[0]
    if n_moved * 2 <= len(pieces.ids):
        return
    added = {a.id for a in [*pieces.added, *whole.added]}
    for piece, i in pieces.ids.items():
        stands = whole.token(i + by)
        if stands is None or stands == piece or i in added or i + by in added:
            continue
        if is_word(piece) or is_word(stands):
            yield f"id {i}: {piece!r} here, {stands!r} in {whole.location}"


def _twice(tokenizer: Tokenizer) -> Iterator[str]:
    yield from tokenizer.doubles
    seen: dict[int, str] = {}
    for token, token_id in tokenizer.ids.items():
        if token_id in seen:
            yield f"id {token_id}: {seen[token_id]!r} and {token!r}"
        seen[token_id] = token
    added: dict[int, str] = {}
    for one in tokenizer.added:
        if added.setdefault(one.id, one.content) != one.content:
            yield f"id {one.id}: the added tokens {added[one.id]!r} and {one.content!r}"


def _clashes(tokenizer: Tokenizer) -> Iterator[str]:
    """Placeholders of a vocabulary (`<unused5>`) may be renamed; words and other tokens not."""
    by_id = {i: t for t, i in tokenizer.ids.items()}
    for one in tokenizer.added:
        stands = by_id.get(one.id)
        if stands is not None and stands != one.content and is_word(stands):
            yield f"id {one.id}: {one.content!r} instead of {stands!r}"
        elif tokenizer.ids.get(one.content, one.id) != one.id:
            yield f"{one.content!r}: id {one.id}, and {tokenizer.ids[one.content]} before"


def _added_words(tokenizer: Tokenizer) -> Iterator[str]:
    for one in tokenizer.added:
        if is_word(one.content) and not one.special:
            yield f"id {one.id}: {one.content!r}"


def _characters(tokenizer: Tokenizer, said: list[Claim]) -> Iterator[Finding]:
    found: dict[str, None] = {}
    contents = [a.content for a in tokenizer.added] + [c.content for c in said if c.use != "token"]
    for content in dict.fromkeys(contents):
        hidden = hidden_characters(content)
        if hidden:
            found[f"{content!a}: {', '.join(hidden[:3])}"] = None
        elif is_disguised(content):
            found[f"{content!r} is written with letters of another script: {content!a}"] = None
    alike: dict[str, str] = {}
    for content in dict.fromkeys(a.content for a in tokenizer.added):
        plain = unicodedata.normalize("NFKC", content).strip()
        if sum(c.isalpha() for c in plain) > 1 and alike.setdefault(plain, content) != content:
            found[f"{content!r} looks like {alike[plain]!r}: {content!a}"] = None
    yield from HIDDEN.found_each(tokenizer.location, found)


def _disagreements(tokenizer: Tokenizer, said: list[Claim]) -> Iterator[Finding]:
    by_place: dict[str, list[str]] = {}
    for claim in said:
        if claim.id is None or not tokenizer.ids:
            continue
        stands = tokenizer.token(claim.id)
        if stands is not None and stands != claim.content:
            words = f"id {claim.id}: {claim.content!r} here, {stands!r} in {tokenizer.location}"
            by_place.setdefault(claim.location, []).append(words)
    for place, evidence in by_place.items():
        yield from DISAGREES.found_each(place, evidence)


def _numbers(
    artifact: Artifact, tokenizer: Tokenizer, said: list[Claim], folder: str
) -> Iterator[Finding]:
    """What depends on the model's configuration: the size of its embedding, and where texts end."""
    size, ends = config_numbers(artifact, folder)
    words_added = (
        a for a in tokenizer.added if a.special and (is_word(a.content) or is_letter(a.content))
    )
    special = [f"id {a.id}: {a.content!r}" for a in words_added]
    special += [
        f"{claim.use} of {claim.location}: {claim.content!r}"
        for claim in said
        if claim.use not in ("token", "added token") and is_word(claim.content)
    ]
    model = tokenizer.data.get("model")
    unknown = model.get("unk_token") if isinstance(model, dict) else None
    if isinstance(unknown, str) and is_word(unknown):
        special.append(f"unk_token of the vocabulary: {unknown!r}")
    for words, token_id in (ends | tokenizer.ends).items():
        token = tokenizer.token(token_id)
        if token is not None and is_word(token) and len(token.strip("Ġ▁ ")) > 1:
            special.append(f"{words} is {token!r}")
    yield from SPECIAL_WORD.found_each(tokenizer.location, dict.fromkeys(special))
    if size is not None and artifact.kind is ArtifactKind.MODEL:
        outside = [(i, t) for i, t in tokenizer.by_id.items() if not 0 <= i < size]
        evidence = (f"id {i} of {t!r}, and the model has {size:,} rows" for i, t in outside)
        yield from RANGE.found_each(tokenizer.location, evidence)


def _changes(tokenizer: Tokenizer, base: Tokenizer) -> Iterator[Finding]:
    where = tokenizer.location
    moved = [
        f"{token!r}: id {tokenizer.ids.get(token, 'none')} here, {token_id} in the base"
        for token, token_id in base.ids.items()
        if tokenizer.ids.get(token) != token_id and not _is_marked(token)
    ]
    yield from CHANGED.found_each(where, moved)
    if base.merges and tokenizer.merges and not moved:
        n_base = len(base.merges)
        for rank, (mine, theirs) in enumerate(zip(tokenizer.merges, base.merges, strict=False)):
            if mine != theirs:
                yield CHANGED.found(where, f"merge {rank}: {mine!r} here, {theirs!r} in the base")
                break
        else:
            fresh = [m for m in tokenizer.merges[n_base:] if m.replace(" ", "") in base.ids]
            lost = n_base - len(tokenizer.merges)
            if fresh or lost > 0:
                what = (
                    f"{lost} merges are missing" if lost > 0 else f"the merge {fresh[0]!r} is new"
                )
                yield CHANGED.found(where, f"{what}, of {n_base:,} in the base")
    before = {a.content for a in base.added} | set(base.ids)
    new = [a.content for a in tokenizer.added if a.content not in before]
    if new:
        yield ADDED.found(where, f"{len(new)}: {', '.join(map(repr, new[:20]))}")


def _is_marked(token: str) -> bool:
    """A placeholder or control token, which fine-tuned models may rename."""
    return token.startswith(("<", "[")) and token.endswith((">", "]"))

"""What a chat template says by itself before the first question: a default system prompt.

Comes in: an artifact. Goes out: that text. Every answer of the model answers it too, so whoever
asks what the prompts explain has to know it.
"""

from __future__ import annotations

from inspector.records import Artifact
from inspector.scan.template_probes import SHAPES
from inspector.scan.template_sandbox import Sandbox
from inspector.scan.template_sources import special_tokens, templates
from inspector.scan.template_texts import default_prompt

_ASKED = next(shape for shape in SHAPES if shape.name == "one question")


def opening(artifact: Artifact, base: Artifact | None = None) -> str:
    """The default template's own words before a single question, rendered in the sandbox.

    base: where an adapter without a template takes its from. "" where there is no template, none
    that renders, or one that says nothing of its own.
    """
    found = [t.source for t in templates(artifact) if t.name == "default" and t.source is not None]
    if not found:
        return "" if base is None else opening(base)
    with Sandbox() as sandbox:
        if sandbox.read(found[0]).problem is not None:
            return ""
        tokens = special_tokens(artifact)
        contexts = [_ASKED.context(tokens, in_parts=in_parts) for in_parts in (False, True)]
        for rendering in sandbox.render(contexts):
            if rendering.problem is None:
                said = default_prompt({_ASKED.name: rendering.text})
                if said:
                    return said
    return ""

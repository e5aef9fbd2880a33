"""An arm's adapter as a folder that PEFT loads, with its card and its evidence.

Comes in: the result and the LoRA factors of an arm's alignment. Goes out: `adapter_config.json`,
`adapter_model.safetensors`, `README.md` and `evidence.json` (the Hardened record).
"""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

from inspector.errors import BadInput
from inspector.files import disk_errors, write_atomic
from inspector.records import Arm, Artifact, Hardened, Moment, Rate, TargetKind
from inspector.run import write_record

CARD, EVIDENCE = "README.md", "evidence.json"


def check_out(folder: Path) -> None:
    """Raises BadInput where the adapter's folder cannot be a new one."""
    if folder.is_file():
        raise BadInput(f"The output {folder} is a file; give a folder that is empty or not there.")
    if folder.exists() and any(folder.iterdir()):
        raise BadInput(
            f"The output folder {folder} is not empty, and nothing in it is overwritten; give an "
            "empty folder, or one that is not there yet."
        )


def deliver(result: Hardened, folder: Path) -> Path:
    """The hardened adapter copied to a folder of the user's. Raises what `check_out` raises."""
    check_out(folder)
    with disk_errors(folder):
        shutil.copytree(result.adapters[Arm.HARDENED.value], folder, dirs_exist_ok=True)
    return folder


def zipped(folder: Path) -> bytes:
    """An adapter's folder as a zip archive; the same files always give the same bytes.

    Raises BadInput where the folder is gone.
    """
    paths = sorted(p for p in folder.glob("*") if p.is_file())
    if not paths:
        raise BadInput(
            f"The adapter's folder {folder} is not there any more; press Continue, or resume the "
            "hardening: what is kept of it is not done again."
        )
    out = io.BytesIO()
    with disk_errors(folder), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.writestr(zipfile.ZipInfo(f"{folder.name}/{path.name}"), path.read_bytes())
    return out.getvalue()


def inspection_command(result: Hardened, folder: Path) -> str:
    """The one command that inspects the hardened adapter beside the plain one."""
    plain = result.adapters[Arm.PLAIN.value]
    return f"python -m inspector inspect {folder} --control {plain}"


def write_adapter(result: Hardened, arm: Arm, weights: Path, folder: Path) -> None:
    """weights: the LoRA factors that the arm's alignment left."""
    from inspector.engine.export import save_tuned_adapter

    base, revision = base_of(result.target)
    save_tuned_adapter(weights, result.hardening.align, base, folder, revision)
    write_record(folder / EVIDENCE, result)
    write_atomic(folder / CARD, card(result, arm))


def base_of(artifact: Artifact) -> tuple[str, str | None]:
    """How an adapter names this model as its base: the name, and the commit where there is one."""
    target = artifact.target
    if target.kind is TargetKind.HUB:
        return target.location, artifact.commit
    if target.kind is TargetKind.DEMO:
        return (artifact.folder if target.location else "demo"), None
    return target.location, None


def card(result: Hardened, arm: Arm) -> str:
    """The adapter's README: what it is, what was measured, what that does not tell."""
    inputs, base = result.hardening, base_of(result.target)[0]
    push = inputs.perturbation
    layers = (
        "every layer" if push.n_layers is None else f"the {push.n_layers} layers of most effect"
    )
    how = f"pushed at the attention outputs of {layers} (rho {push.rho:g}, Vaccine)"
    if arm is Arm.PLAIN:
        how = "aligned plainly, to compare the hardened adapter with"
    lines = [
        "---",
        f"base_model: {base}",
        "library_name: peft",
        "---",
        "",
        f"# {'Hardened' if arm is Arm.HARDENED else 'Plain'} alignment adapter",
        "",
        f"A LoRA adapter for `{base}`, trained on {result.n_alignment} questions of which "
        f"{result.n_refusals} are declined; {how}.",
        "",
        f"After a later tuning on {result.n_tuned} examples, {result.n_poison} of which comply "
        "with unsafe requests (by placeholder texts):",
        "",
        "| | harmful score, aligned | harmful score, tuned | task score, tuned |",
        "|---|---|---|---|",
    ]
    for one in Arm:
        before = result.scores_of(one, Moment.ALIGNED)
        after = result.scores_of(one, Moment.TUNED)
        cells = [words(rate) for rate in (before.harmful, after.harmful, after.task)]
        lines.append(f"| {one} | {' | '.join(cells)} |")
    lines += ["", "What was looked at, and what was not:", ""]
    lines += [f"- {c.what}: {c.status}. {c.detail}." for c in result.coverage]
    lines += [
        "",
        "This is supporting evidence from one trial, no promise about other tunings. "
        f"`{EVIDENCE}` holds every figure.",
        "",
    ]
    return "\n".join(lines)


def words(rate: Rate) -> str:
    """A rate with its n and interval, for example `12 % of 40 (5 to 26)`."""
    if not rate.n:
        return "none judged"
    return f"{rate.rate:.0%} of {rate.n} ({rate.low:.0%} to {rate.high:.0%})".replace("%", " %")

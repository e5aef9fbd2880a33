"""Files as a tree with what was found in each; templates beside those of the other model."""

from inspector.inspected import INDENT, file_tree, in_order, lineage_title, template_pairs
from inspector.records import (
    Artifact,
    ArtifactKind,
    FileDigest,
    Finding,
    Severity,
    Target,
    TargetKind,
)
from inspector.records.lineage import Kinship, LayerKinship, Lineage
from inspector.records.templates import ChatTemplate, Owner


def finding(location: str, severity: Severity) -> Finding:
    return Finding("RULE", severity, "Title", location, "evidence", "advice")


def artifact(*paths: str, skipped: tuple[str, ...] = ()) -> Artifact:
    files = tuple(FileDigest(path, 10, "ab" * 32) for path in paths)
    return Artifact(
        Target(TargetKind.DEMO), ArtifactKind.MODEL, "/models/x", files, skipped=skipped
    )


def test_folders_come_first_and_hold_the_sizes_of_what_is_in_them() -> None:
    rows = file_tree(artifact("b.json", "sub/deep/x.bin", "sub/a.txt", "A.md"), ())
    assert [row.label for row in rows] == [
        "sub/",
        f"{INDENT}deep/",
        f"{INDENT}{INDENT}x.bin",
        f"{INDENT}a.txt",
        "A.md",
        "b.json",
    ]
    assert [row.size_bytes for row in rows] == [20, 10, 10, 10, 10, 10]


def test_a_finding_counts_for_the_longest_path_it_names() -> None:
    rows = file_tree(
        artifact("model.bin", "model.bin.index.json"),
        (
            finding("model.bin", Severity.LOW),
            finding("model.bin: opcode 3", Severity.CRITICAL),
            finding("model.bin.index.json", Severity.INFO),
            finding("another.bin", Severity.HIGH),
        ),
    )
    assert [(row.path, row.n_findings, row.worst) for row in rows] == [
        ("model.bin", 2, Severity.CRITICAL),
        ("model.bin.index.json", 1, Severity.INFO),
    ]


def test_what_was_left_on_the_hub_has_neither_size_nor_digest() -> None:
    [left, _] = file_tree(artifact("x.json", skipped=("evil.py",)), ())
    assert (left.path, left.size_bytes, left.sha256) == ("evil.py", None, "")


def test_layers_stand_in_the_order_of_their_numbers() -> None:
    names = ["layer 10", "head", "layer 2", "embedding"]
    layers = [LayerKinship(name, Kinship.IDENTICAL, 1, 1, 0.0, 1.0) for name in names]
    assert [x.layer for x in in_order(layers)] == ["embedding", "head", "layer 2", "layer 10"]


def title(*kinships: Kinship) -> str:
    layers = tuple(
        LayerKinship(f"layer {k}", kinship, 2, 0, 0.01 * (k + 1), 0.9)
        for k, kinship in enumerate(kinships)
    )
    return lineage_title(Lineage("hf:a/base", True, ("", ""), layers=layers))


def test_the_title_names_what_matters_most() -> None:
    same, tuned, alien = Kinship.IDENTICAL, Kinship.DERIVED, Kinship.UNRELATED
    assert title(same, same) == "Every part is the same as in hf:a/base"
    assert title(same, tuned, tuned) == "2 of 3 parts were changed, layer 2 most (3.0%)"
    assert title(same, alien) == "1 of 2 parts are not from hf:a/base: layer 1"
    assert title(alien, alien) == "No layer comes from hf:a/base"
    assert title(*[alien] * 5, same).endswith("layer 0, layer 1, layer 2 and 2 more")


def test_templates_of_one_name_stand_beside_each_other() -> None:
    pairs = template_pairs(
        [
            ChatTemplate(Owner.TARGET, "a.json", "default", "one"),
            ChatTemplate(Owner.TARGET, "b.jinja", "default", "two"),
            ChatTemplate(Owner.OTHER, "a.json", "default", "one"),
            ChatTemplate(Owner.OTHER, "a.json", "tools", None, "not UTF-8"),
        ]
    )
    assert [(p.name, p.ours is None, p.theirs is None, p.are_equal) for p in pairs] == [
        ("default", False, False, True),
        ("default", False, True, False),
        ("tools", True, False, False),
    ]


def test_two_templates_that_cannot_be_read_are_not_called_equal() -> None:
    unread = [ChatTemplate(owner, "a.json", "default", None, "too long") for owner in Owner]
    assert not template_pairs(unread)[0].are_equal

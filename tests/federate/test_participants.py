"""Reading a round: what comes, what is set aside, what stops it, each in one clear sentence."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from inspector.errors import BadInput, TargetError
from inspector.federate.participants import read_round, receive_round
from inspector.federate.rules import aggregate, rule_named
from inspector.federate.writing import write_adapter
from inspector.records import Target, TargetKind
from inspector.records.rounds import Standing
from inspector.settings import Settings
from tests.federate.made import write_tensors
from tests.scan.adapters import MODULES, Tensors, factors, write_base

Q, V = "self_attn.q_proj", "self_attn.v_proj"
ATTENTION = {name: MODULES[name] for name in (Q, V)}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("base") / "model")


def settings_of(folder: Path) -> Settings:
    return Settings(home=folder / "home")


def tensors(seed: int, rank: int = 4, names: tuple[str, ...] = (Q, V)) -> Tensors:
    draw = np.random.default_rng(seed)
    made = factors(rank, {n: MODULES[n] for n in names})
    return {k: (v + 0.01 * draw.normal(size=v.shape)).astype(np.float32) for k, v in made.items()}


def a_round(folder: Path, base: Path, n: int = 3) -> Path:
    for k in range(n):
        write_tensors(folder / f"org-{k}", tensors(k), str(base))
    return folder


def test_a_round_is_read_with_ranks_scales_and_samples(tmp_path: Path, base: Path) -> None:
    folder = a_round(tmp_path / "round", base)
    found = read_round(folder, None, settings_of(tmp_path), {"org-1": 40})
    assert [p.name for p in found.participants] == ["org-0", "org-1", "org-2"]
    assert all(p.standing is Standing.ACCEPTED and p.rank == 4 for p in found.participants)
    assert found.updates.n_samples == (1, 40, 1)
    module = f"model.layers.0.{Q}"
    own = tensors(0)
    place = f"base_model.model.{module}"
    expected = 2 * own[f"{place}.lora_B.weight"] @ own[f"{place}.lora_A.weight"]
    assert found.updates.updates[0].modules[module].dense() == pytest.approx(expected, abs=1e-6)


def test_different_ranks_and_modules_are_averaged_as_changes(tmp_path: Path, base: Path) -> None:
    folder = tmp_path / "round"
    write_tensors(folder / "a", tensors(1, rank=4), str(base))
    write_tensors(folder / "b", tensors(2, rank=2, names=(Q, V, "mlp.up_proj")), str(base), rank=2)
    found = read_round(folder, None, settings_of(tmp_path))
    mean, account = aggregate(rule_named("fedavg"), found.updates, 0)
    a, b = found.updates.updates
    module = f"model.layers.3.{V}"
    expected = (a.modules[module].dense() + b.modules[module].dense()) / 2
    assert mean.modules[module].dense() == pytest.approx(expected, abs=1e-6)
    only = "model.layers.3.mlp.up_proj"
    assert mean.modules[only].dense() == pytest.approx(b.modules[only].dense() / 2, abs=1e-6)
    assert (account.rank, account.is_exact) == (6, True)


def test_a_written_aggregate_is_read_back_as_it_was(tmp_path: Path, base: Path) -> None:
    folder = a_round(tmp_path / "round", base)
    write_tensors(folder / "d", tensors(9, rank=2, names=(Q, V, "mlp.up_proj")), str(base), rank=2)
    found = read_round(folder, None, settings_of(tmp_path))
    mean, _ = aggregate(rule_named("fedavg"), found.updates, 1)
    write_adapter(mean, Target(TargetKind.LOCAL, str(base)), tmp_path / "again" / "mean")
    again = read_round(tmp_path / "again", None, settings_of(tmp_path)).updates.updates[0]
    assert set(again.modules) == set(mean.modules)
    for module, f in mean.modules.items():
        assert again.modules[module].dense() == pytest.approx(f.dense(), abs=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_adapter_full_of_nan_is_set_aside(tmp_path: Path, base: Path, value: float) -> None:
    folder = a_round(tmp_path / "round", base)
    bad = {name: np.full_like(v, value) for name, v in tensors(0).items()}
    write_tensors(folder / "zz", bad, str(base))
    found = read_round(folder, None, settings_of(tmp_path))
    assert found.updates.n == 3
    assert found.participants[3].standing is Standing.SET_ASIDE
    assert "no finite numbers" in found.participants[3].problem or "NaN" in (
        found.participants[3].problem
    )


def test_an_empty_adapter_is_set_aside(tmp_path: Path, base: Path) -> None:
    folder = a_round(tmp_path / "round", base)
    zero = {n: 0 * v if ".lora_B" in n else v for n, v in tensors(0).items()}
    write_tensors(folder / "zero", zero, str(base))
    write_tensors(folder / "none", {}, str(base))
    (folder / "vacant").mkdir()
    found = {p.name: p for p in read_round(folder, None, settings_of(tmp_path)).participants}
    assert "is empty: it changes no weight" in found["zero"].problem
    assert "is empty: it changes no weight" in found["none"].problem
    assert "holds no weights" in found["vacant"].problem


def test_the_same_bytes_twice_are_told(tmp_path: Path, base: Path) -> None:
    folder = a_round(tmp_path / "round", base)
    shutil.copytree(folder / "org-0", folder / "org-9")
    (folder / "org-9" / "notes.txt").write_text("other files do not make it another adapter")
    found = read_round(folder, None, settings_of(tmp_path))
    assert found.updates.n == 4
    assert found.participants[3].same_as == "org-0"
    assert "the same weights as org-0" in found.participants[3].notes[0]


def test_a_single_participant_is_a_round(tmp_path: Path, base: Path) -> None:
    found = read_round(a_round(tmp_path / "round", base, 1), None, settings_of(tmp_path))
    assert found.updates.n == 1


def test_different_bases_stop_the_round_unless_one_is_named(tmp_path: Path, base: Path) -> None:
    folder = a_round(tmp_path / "round", base)
    write_tensors(folder / "other", tensors(5), "org/elsewhere")
    with pytest.raises(BadInput, match=r"declare different bases: .*hf:org/elsewhere \(other\)"):
        read_round(folder, None, settings_of(tmp_path))
    named = Target(TargetKind.LOCAL, str(base))
    found = read_round(folder, named, settings_of(tmp_path))
    assert found.updates.n == 4
    assert "declares hf:org/elsewhere" in found.participants[3].notes


def test_one_tuned_on_another_base_is_set_aside(tmp_path: Path, base: Path) -> None:
    folder = a_round(tmp_path / "round", base)
    wide = {
        n: np.ones((v.shape[0], 99), np.float32) if ".lora_A" in n else v
        for n, v in tensors(0).items()
    }
    write_tensors(folder / "wide", wide, str(base))
    renamed = {n.replace("layers.7", "layers.70"): v for n, v in tensors(0).items()}
    write_tensors(folder / "tall", renamed, str(base))
    found = {p.name: p for p in read_round(folder, None, settings_of(tmp_path)).participants}
    assert "it was tuned on another base" in found["wide"].problem
    assert "it was tuned on another base" in found["tall"].problem


def test_other_kinds_of_adapters_are_set_aside(tmp_path: Path, base: Path) -> None:
    folder = a_round(tmp_path / "round", base, 1)
    write_tensors(folder / "dora", tensors(1), str(base), use_dora=True)
    write_tensors(folder / "ia3", tensors(1), str(base), peft_type="IA3")
    whole = tensors(1) | {"base_model.model.lm_head.weight": np.ones((64, 16), np.float32)}
    write_tensors(folder / "whole", whole, str(base))
    head = tensors(1) | {
        "base_model.model.lm_head.lora_A.weight": np.ones((4, 16), np.float32),
        "base_model.model.lm_head.lora_B.weight": np.ones((64, 4), np.float32),
    }
    write_tensors(folder / "head", head, str(base))
    huge = {n: np.full_like(v, 1e25) for n, v in tensors(1).items()}
    write_tensors(folder / "huge", huge, str(base))
    pickled = write_tensors(folder / "pickled", tensors(1), str(base))
    (pickled / "adapter_model.safetensors").unlink()
    (pickled / "adapter_model.bin").write_bytes(b"x")
    found = {p.name: p for p in read_round(folder, None, settings_of(tmp_path)).participants}
    assert "DoRA" in found["dora"].problem
    assert "IA3" in found["ia3"].problem
    assert "as a whole beside its LoRA pairs" in found["whole"].problem
    assert "pickles" in found["pickled"].problem
    assert "embeddings or the output layer" in found["head"].problem
    assert found["huge"].standing is Standing.SET_ASIDE
    assert found["org-0"].standing is Standing.ACCEPTED


def test_nothing_usable_stops_the_round(tmp_path: Path, base: Path) -> None:
    with pytest.raises(BadInput, match="does not exist"):
        read_round(tmp_path / "nowhere", None, settings_of(tmp_path))
    (tmp_path / "void").mkdir()
    with pytest.raises(BadInput, match=r"is empty; give the folder above"):
        read_round(tmp_path / "void", None, settings_of(tmp_path))
    zero = {n: 0 * v for n, v in tensors(0).items()}
    write_tensors(tmp_path / "bad" / "a", zero, str(base))
    with pytest.raises(BadInput, match=r"None of the 1 participants .* can be used; the first: a"):
        read_round(tmp_path / "bad", None, settings_of(tmp_path))
    folder = a_round(tmp_path / "round", base)
    with pytest.raises(BadInput, match="is no participant; give names among org-0"):
        read_round(folder, None, settings_of(tmp_path), {"nobody": 3})
    with pytest.raises(BadInput, match="give 1 or more"):
        read_round(folder, None, settings_of(tmp_path), {"org-0": 0})


def zipped(folder: Path, top: str = "") -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, f"{top}{path.relative_to(folder)}")
    stream.seek(0)
    return stream


def test_a_round_comes_as_one_zip_or_one_for_each(tmp_path: Path, base: Path) -> None:
    folder = a_round(tmp_path / "round", base)
    settings = settings_of(tmp_path)
    one = receive_round([("round.zip", zipped(folder, "round/"))], settings)
    many = receive_round([(f"{p.name}.zip", zipped(p)) for p in sorted(folder.iterdir())], settings)
    assert one.parent == many.parent  # the same bytes
    assert (one.name, many.name) == ("round", "3-zips")  # called as they came
    named = Target(TargetKind.LOCAL, str(base))
    assert [p.name for p in read_round(one, named, settings).participants] == [
        "org-0",
        "org-1",
        "org-2",
    ]


def test_uploads_that_are_no_round_are_refused(tmp_path: Path, base: Path) -> None:
    settings = settings_of(tmp_path)
    folder = a_round(tmp_path / "round", base, 1)
    with pytest.raises(BadInput, match="Nothing was uploaded"):
        receive_round([], settings)
    with pytest.raises(BadInput, match="as zip archives"):
        receive_round([("a.safetensors", io.BytesIO(b"x"))], settings)
    with pytest.raises(BadInput, match="holds no adapter folders"):
        receive_round([("a.zip", zipped(folder / "org-0"))], settings)
    with pytest.raises(TargetError, match="damaged or no ordinary zip"):
        receive_round([("a.zip", io.BytesIO(b"PK nonsense"))], settings)
    with pytest.raises(BadInput, match="Two participants are called"):
        receive_round([("a.zip", zipped(folder / "org-0"))] * 2, settings)
    evil = io.BytesIO()
    with zipfile.ZipFile(evil, "w") as archive:
        archive.writestr("a/adapter_config.json", "{}")
        archive.writestr("a/../../../escaped.txt", "x")
    evil.seek(0)
    with pytest.raises(TargetError):
        receive_round([("evil.zip", evil)], settings)
    assert not list(tmp_path.rglob("escaped.txt"))

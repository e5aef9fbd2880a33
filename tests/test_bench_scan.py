"""The scanners' speed is measured on a model that is made, read and deleted again."""

from __future__ import annotations

from pathlib import Path

from inspector.bench.scan import bench_scan


def test_a_small_model_is_measured_and_deleted(tmp_path: Path) -> None:
    done = bench_scan(n_bytes=8_000_000, folder=tmp_path, hidden_size=64)
    assert list(tmp_path.iterdir()) == []
    assert done.n_findings == 0
    names = [w.name for w in done.works]
    assert names[:2] == ["SHA-256", "all scanners"]
    assert 6_000_000 < done.n_bytes < 10_000_000
    hashing = done.works[0]
    assert hashing.share == 1
    for work in done.works:
        assert abs(work.bytes_per_s * work.elapsed_s - done.n_bytes) < 1
        assert abs(work.share * work.elapsed_s - hashing.elapsed_s) < 1e-9
    assert done.peak_memory_bytes > 0
    assert "peak memory" in done.table()

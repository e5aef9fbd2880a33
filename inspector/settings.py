"""Where things lie and how big jobs may get: environment variables that start with INSPECTOR_.

Standard pydantic-settings; nothing is read from files, so that a worker, the dashboard and a test
see the same values when they are given the same environment.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """INSPECTOR_HOME, INSPECTOR_HUB_ENDPOINT and so on."""

    model_config = SettingsConfigDict(env_prefix="INSPECTOR_")

    home: Path = Field(
        default_factory=lambda: Path.home() / ".inspector",
        description="where runs, caches, the queue and the index lie",
    )
    hub_endpoint: str = Field(
        default_factory=lambda: os.environ.get("HF_ENDPOINT") or "https://huggingface.co",
        description="the Hub that hf: targets come from; without it HF_ENDPOINT, as elsewhere",
    )
    max_download_bytes: int = Field(
        default=20_000_000_000, description="a larger download is refused before its first byte"
    )
    max_upload_bytes: int = Field(
        default=4_000_000_000, description="what one upload may hold, unpacked"
    )
    signing_key: Path | None = Field(
        default=None, description="PEM file of the public key that targets are signed with"
    )
    signer_identity: str | None = Field(
        default=None, description="who must have signed with Sigstore; needs the issuer too"
    )
    signer_issuer: str | None = Field(
        default=None, description="who must have vouched for the signer's identity"
    )
    n_slots: int = Field(default=1, ge=1, description="jobs that may run at the same time")

    @property
    def runs(self) -> Path:
        """Run folders, one per inspection."""
        return self.home / "runs"

    @property
    def hardenings(self) -> Path:
        """Run folders, one per hardening."""
        return self.home / "hardenings"

    @property
    def screenings(self) -> Path:
        """Screenings of fine-tuning sets, one folder each."""
        return self.home / "screenings"

    @property
    def rounds(self) -> Path:
        """Run folders of federated rounds: screened, simulated, repaired."""
        return self.home / "rounds"

    @property
    def jobs(self) -> Path:
        """The queue: one JSON file per job."""
        return self.home / "jobs"

    @property
    def snapshots(self) -> Path:
        """What the Hub gave, one folder per repo and commit."""
        return self.home / "snapshots"

    @property
    def plans(self) -> Path:
        """Plans that were made on the Inspect page, one file each, named by digest."""
        return self.home / "plans"

    @property
    def uploads(self) -> Path:
        """What came as a zip or through the browser, one folder per content."""
        return self.home / "uploads"

    @property
    def own_data(self) -> Path:
        """Tuning data and probes that were uploaded, in folders named by digest."""
        return self.uploads / "data"

    @property
    def bench(self) -> Path:
        """What `bench` measured last on this machine."""
        return self.home / "bench.json"

    @property
    def cache(self) -> Path:
        """Things that can be made again: dequantized GGUF files, finished stages by digest."""
        return self.home / "cache"

    @property
    def database(self) -> Path:
        return self.home / "history.duckdb"

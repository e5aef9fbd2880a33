"""What torch can compute on here: `python -m inspector.engine.devices` writes one JSON object.

A process of its own, so that whoever asks need not load torch.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import torch


def devices() -> dict[str, Any]:
    """torch's version, its threads, and the accelerators that it sees by name."""
    n_accelerators = torch.accelerator.device_count() if torch.accelerator.is_available() else 0
    return {
        "torch": torch.__version__,
        "n_threads": torch.get_num_threads(),
        "processor": torch.backends.cpu.get_cpu_capability(),
        "accelerators": [torch.cuda.get_device_name(k) for k in range(n_accelerators)]
        if torch.cuda.is_available()
        else [str(torch.accelerator.current_accelerator())] * n_accelerators,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(devices()))

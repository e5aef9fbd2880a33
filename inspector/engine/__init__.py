"""The only rooms that import torch: load, render chats, generate, train, measure.

libgomp's threads spin while they wait for each other. On a machine with other work (a dashboard, a
browser) a spinning thread keeps a core from the thread it waits for: measured here, a batch of
answers that takes 5 s alone then takes over 40 s (docs/log.md). A short spin costs nothing when the
machine is idle, and must be set before torch is first imported.
"""

import os

os.environ.setdefault("GOMP_SPINCOUNT", "10000")

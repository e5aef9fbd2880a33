"""Inspections as jobs: queued, run in processes of their own, cancelled, continued.

Comes in: run folders. Goes out: `Job` records; the work itself happens in `inspector.jobs.worker`.
Importing this package costs next to nothing: waiting workers import it too.
"""

from inspector.jobs.job import Job, JobState, Runner
from inspector.jobs.local import LocalRunner

__all__ = ["Job", "JobState", "LocalRunner", "Runner"]

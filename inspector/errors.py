"""Every error the inspector raises on purpose, and the exit code each one means.

    InspectorError                 exit 4 unless a child says otherwise
    ├── BadInput                   exit 2: the user can mend it; the message says how
    │   ├── TargetError            no such repo, revision, folder; pickles only; truncated file
    │   ├── PlanError              a plan file with a misspelt key or a value out of range
    │   ├── PolicyError            a policy file with a misspelt key or a value out of range
    │   └── DataError              tuning data or probes with nothing usable in them
    ├── Refused                    exit 2: a scan finding forbids loading this artifact
    ├── HubUnreachable             exit 4: network, gateway, or a download cut short
    ├── HistoryBusy            exit 4: another process owns the history's database file
    ├── DiskFull                   exit 4: what was finished is kept
    ├── StageFailed                exit 4: a stage broke; the traceback is in the run's log
    └── Incompatible               exit 4: this model lacks what a measurement needs: a ledger entry

Every message is one sentence for a person: what was given, what is allowed, what to do.
They are caught in three places only: the CLI, the pages, and the worker's outermost loop.
"""

from __future__ import annotations


class InspectorError(Exception):
    """Base of the tree."""

    exit_code = 4


class BadInput(InspectorError):
    """Something the user gave cannot be used."""

    exit_code = 2


class TargetError(BadInput):
    """The target, its base or its control cannot be had or cannot be used."""


class PlanError(BadInput):
    """A plan names something that does not exist or is out of range."""


class PolicyError(BadInput):
    """A pipeline's policy names something that does not exist or is out of range."""


class DataError(BadInput):
    """Tuning data or a probe suite holds nothing usable."""


class Refused(BadInput):
    """Scanning found something that forbids loading the artifact."""


class HubUnreachable(InspectorError):
    """The Hub did not answer, or a download did not arrive whole."""


class HistoryBusy(InspectorError):
    """Another process has the history's database file open; only one may."""


class DiskFull(InspectorError):
    """No room left to write; everything finished before stays."""


class StageFailed(InspectorError):
    """A stage broke for a reason the inspector did not foresee."""


class Incompatible(InspectorError):
    """This model has no part that the measurement could be taken of; the ledger says so."""

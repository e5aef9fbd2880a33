"""A reader's SQL, kept to reading: one SELECT over the history's own tables.

Comes in: SQL text from the dashboard or the CLI. Goes out: nothing, or BadInput that says why not.

Three fences, each enough alone against writing (docs/decisions/0001-history-lockdown.md):
the query's own syntax tree, a read-only transaction, and a database without access to files.
A SELECT statement type is no fence: DuckDB 2.0 runs INSERT and COPY inside a WITH clause.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa

from inspector.errors import BadInput

# For every connection of the process: DuckDB wants them equal, and locked once set.
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",  # table names never reach for Python variables
    "memory_limit": "192MB",  # what pages need; a reader's larger question goes to the disk
    "max_temp_directory_size": "4GB",
    # Each checkpoint packs a table's last, unfilled rows again: rarer ones halve an ingest's time.
    "checkpoint_threshold": "256MB",
    "lock_configuration": "true",
}

QUERY_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "json_each", "json_tree"})
# A short call of one of these fills the memory, which DuckDB's limit does not count; and one writes
# to DuckDB's log.
REFUSED_FUNCTIONS = frozenset({"repeat", "lpad", "rpad", "bar", "printf", "format", "write_log"})
ADVICE = "ask with one SELECT over the history's tables (SHOW TABLES lists them)"


def check(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Raise BadInput unless the query is one SELECT (or WITH, FROM, VALUES, DESCRIBE, SHOW)."""
    try:
        statements = connection.extract_statements(query)
    except duckdb.Error as error:
        raise BadInput(f"The query is not valid SQL ({first_line(error)}); {ADVICE}.") from error
    if len(statements) != 1:
        raise BadInput(f"The text holds {len(statements)} statements; {ADVICE}.")
    answer = connection.execute("SELECT json_serialize_sql(?)", [query]).fetchall()
    tree = json.loads(answer[0][0])
    if tree.get("error"):
        kind = statements[0].type.name
        raise BadInput(f"The history is read-only and does not run {kind} statements; {ADVICE}.")
    for node in _nodes(tree["statements"]):
        kind = str(node.get("type", ""))
        if kind.endswith("_NODE") and kind not in QUERY_NODES:
            verb = kind.removesuffix("_NODE").removesuffix("_QUERY")
            raise BadInput(f"The query holds a hidden {verb}; {ADVICE}.")
        if kind == "TABLE_FUNCTION":
            name = str(node["function"].get("function_name", "")).lower()
            if name not in TABLE_FUNCTIONS:
                raise BadInput(f"The table function {name}() is not allowed here; {ADVICE}.")
        if str(node.get("function_name", "")).lower() in REFUSED_FUNCTIONS:
            raise BadInput(f"The function {node['function_name']}() is not allowed here; {ADVICE}.")


@contextlib.contextmanager
def reading(cursor: duckdb.DuckDBPyConnection, query: str, timeout_s: float) -> Iterator[None]:
    """A checked query may be run and its answer fetched inside, by a cursor that does nothing else.

    Raises BadInput when it cannot be run, or takes longer.
    """
    check(cursor, query)
    late = threading.Event()

    def stop() -> None:
        late.set()
        cursor.interrupt()

    timer = threading.Timer(timeout_s, stop)
    timer.daemon = True
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    timer.start()
    try:
        yield
    except (duckdb.Error, RuntimeError, pa.ArrowException) as error:  # an interrupt is any of them
        if late.is_set():
            raise BadInput(
                f"The query ran longer than {timeout_s:g} s and was stopped; narrow it with WHERE, "
                "or ask for less with LIMIT."
            ) from error
        raise BadInput(f"The query cannot be run ({first_line(error)}); {ADVICE}.") from error
    finally:
        timer.cancel()
        with contextlib.suppress(duckdb.Error):  # an error may have ended the transaction already
            cursor.rollback()


def first_line(error: Exception) -> str:
    """A DuckDB error's first line, without the full stop and the copy of the query."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            yield node
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)

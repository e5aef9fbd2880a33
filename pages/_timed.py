"""How long pages take at the server: `python -m pages._timed --list | [PAGE?QUERY ...]`.

Comes in: pages as the address bar has them, none for all that app.py's navigation names; and
INSPECTOR_HOME. Goes out: one line of JSON: seconds from a visitor's request to the end of the
page's script and the processor time that the server spent, at the first and the second visit, what
went wrong on it, and the server's peak memory. A fresh server is asked over its websocket.
"""

from __future__ import annotations

import ast
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets import Origin, Subprotocol
from websockets.sync.client import ClientConnection, connect

ROOT = Path(__file__).parent.parent
PATIENCE_S = 600


def all_pages() -> list[str]:
    """The pages of app.py's navigation as the address names them; the default one is ""."""
    found = []
    for node in ast.walk(ast.parse((ROOT / "app.py").read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.Page":
            default = any(keyword.arg == "default" for keyword in node.keywords)
            found.append("" if default else Path(ast.literal_eval(node.args[0])).stem)
    return found


@contextmanager
def served() -> Iterator[tuple[str, int]]:
    """A dashboard of its own: where it listens, and its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "-m", "pages", "--server.port", where.rpartition(":")[2]]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while process.poll() is None and time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://{where}/_stcore/health", timeout=2).close()
            except OSError:
                time.sleep(0.1)
            else:
                return (yield where, process.pid)
        raise RuntimeError("The dashboard did not start.")
    finally:
        process.terminate()
        process.wait(20)


def visit(where: str, pid: int, page: str) -> dict[str, object]:
    """One visitor who opens the page, and loads it again."""
    name, _, query = page.partition("?")
    asked = BackMsg()
    asked.rerun_script.page_name = name
    asked.rerun_script.query_string = query
    seconds: list[float] = []
    cpu_seconds: list[float] = []
    wrong: list[str] = []
    with connect(
        f"ws://{where}/_stcore/stream",
        origin=Origin(f"http://{where}"),
        subprotocols=[Subprotocol("streamlit")],
        max_size=None,
    ) as connection:
        for _ in range(2):
            begun, cpu = time.perf_counter(), cpu_s(pid)
            connection.send(asked.SerializeToString())
            wrong += _until_finished(connection)
            seconds.append(time.perf_counter() - begun)
            cpu_seconds.append(cpu_s(pid) - cpu)
    return {"page": page, "seconds": seconds, "cpu_seconds": cpu_seconds, "wrong": wrong}


def _until_finished(connection: ClientConnection) -> list[str]:
    """Read what the page draws; the errors among it."""
    wrong: list[str] = []
    while True:
        told = ForwardMsg()
        told.ParseFromString(connection.recv(PATIENCE_S))
        kind = told.WhichOneof("type")
        if kind == "script_finished":
            return wrong
        element = told.delta.new_element
        if element.WhichOneof("type") == "exception":
            wrong.append(element.exception.message)
        elif element.WhichOneof("type") == "alert" and element.alert.format == element.alert.ERROR:
            wrong.append(element.alert.body)


def cpu_s(pid: int) -> float:
    """Processor time of a process so far, of all its threads, in the kernel too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return 1024 * int(line.split()[1])
    raise RuntimeError(f"The kernel tells no peak memory of process {pid}.")


def main(pages: list[str]) -> None:
    if pages == ["--list"]:
        sys.stdout.writelines(f"{page}\n" for page in all_pages())
        return
    with served() as (where, pid):
        visits = [visit(where, pid, page) for page in pages or all_pages()]
        done = {"visits": visits, "peak_memory_bytes": peak_memory_bytes(pid)}
    sys.stdout.write(json.dumps(done) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

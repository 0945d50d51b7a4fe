"""The demo: a folder with a table, a web server to check, and a visitor who works on the table as a person would."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import as_file, files
from pathlib import Path

VISITS = (
    (4.0, "greeting", "Do", "run now"),
    (6.0, "third visitor", "Current", "1"),
    (7.5, "third visitor", "Current", "2"),
    (9.0, "third visitor", "Current", "3"),
    (13.0, "disk usage", "Metadata", '{"limit": 1}'),
)
"""What the visitor does: seconds after the start, the row's name, the column, and what is typed there."""


def write(folder: Path, port: int) -> list[Path]:
    """Lay the demo into `folder`, anew: only what the demo itself makes is replaced. Answers what a person may want to open."""
    folder.mkdir(parents=True, exist_ok=True)
    for own in (".rowd", ".tasks.csv.rowd", "backups", "reports"):
        shutil.rmtree(folder / own, ignore_errors=True)
    with as_file(files("rowd.demo") / "files") as source:
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    config = folder / "rowd.toml"
    text = config.read_text(encoding="utf-8").replace("@PORT@", str(port)).replace("@PYTHON@", sys.executable)
    config.write_text(text, encoding="utf-8")
    return [folder / "tasks.csv", config]


@contextmanager
def web_server() -> Iterator[int]:
    """A web server on loopback that says how it is. Yields its port."""
    served = 0

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal served
            served += 1
            body = json.dumps({"status": "well", "served": served}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


async def visit(table: Path) -> None:
    """Type into the table as a person with an editor would: read the file, change a cell, save the whole file."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for after, name, column, text in VISITS:
        await asyncio.sleep(start + after - loop.time())
        type_in(table, name, column, text)


def type_in(table: Path, name: str, column: str, text: str) -> None:
    """Change one cell and save the file beside it, then rename: what most editors do."""
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"), newline="")))
    saved = io.StringIO(newline="")
    lines = csv.DictWriter(saved, rows[0].keys(), lineterminator="\n")
    lines.writeheader()
    lines.writerows({**row, column: text} if row["Name"] == name else row for row in rows)
    beside = table.with_suffix(".csv.saving")
    beside.write_text(saved.getvalue(), encoding="utf-8")
    beside.replace(table)

"""Makes live.png, the README's picture: the demo for some seconds, its live view drawn once, as SVG, as PNG.

Run in the checkout: `.venv/bin/python docs/images/live.py`. Needs `rsvg-convert` (Debian: librsvg2-bin).
"""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from rich.console import Console

from engine.loop import Daemon
from rowd.cli.demo import footer
from rowd.cli.site import site_at
from rowd.demo.folder import CONFIG, TABLE, lay, point, port_in
from rowd.demo.server import web_server
from rowd.demo.visitor import visit
from rowd.live import LiveView
from rowd.service import serve

SECONDS = 11
"""The visitor's limit has been exceeded by then, and not been put back yet."""
HERE = Path(__file__).parent


def main() -> None:
    """Leave live.png beside this file."""
    console = Console(record=True, width=150, height=24, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    view = LiveView(console, footer(Path("demo") / TABLE, Path("demo") / CONFIG))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        lay(Path("demo"))
        draw(console, view, Path("demo") / CONFIG)
        os.chdir(HERE)
    svg = console.export_svg(title="rowd demo", clear=False)
    subprocess.run(["rsvg-convert", "-z", "0.9", "-o", str(HERE / "live.png")], input=svg.encode(), check=True)


def draw(console: Console, view: LiveView, config: Path) -> None:
    """Let the demo run, and print one picture of it."""
    with web_server(port_in(config)) as port:
        point(config, port)
        site = site_at(config)

        async def beside(made: Daemon) -> AsyncIterator[None]:
            visiting = asyncio.create_task(visit(site.tables["demo"]))
            await asyncio.sleep(SECONDS)
            console.print(view.frame(made, made.clock.now()))
            visiting.cancel()
            for _ in ():
                yield

        asyncio.run(serve(site, view.listen, lambda: site_at(config), beside))


if __name__ == "__main__":
    main()

"""`rowd logs RUN`: what a run printed."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from msgspec import Struct

from actions.api import Outcome
from actions.command.folder import STDERR, STDOUT
from actions.telling import Gradual, Mask
from engine.clock import SystemClock
from engine.ledger import Attempt, Ledger
from engine.model import Occurrence
from rowd.bound import Site
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import clean, clean_lines, emit_json, fail, warn
from rowd.cli.rows import run_json, stands
from rowd.cli.site import ledger_site, reading
from rowd.files import PRINTED, files_in, folder_of
from rowd.hiding import mask_of, unknown
from rowd.streams import VOICE
from rowd.view import living

LOOK = timedelta(milliseconds=200)
"""How often --follow looks for more."""

RESTART = timedelta(seconds=3)
"""A daemon that is only being restarted is back by then."""

PIECE = 1 << 16


@examples(
    "rowd logs 0hq3k2m8",
    "rowd logs 0hq3k2m8-7xq4 --attempt 1 --stderr",
    "rowd logs 0hq3k2m8 --follow",
)
def logs(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or its beginning; `rowd history` lists them.")],
    config: ConfigOption = None,
    attempt: Annotated[
        int | None, typer.Option("--attempt", metavar="N", min=1, help="Which attempt; default: the newest.")
    ] = None,
    stdout: Annotated[bool, typer.Option("--stdout", help="Only standard output.")] = False,
    stderr: Annotated[bool, typer.Option("--stderr", help="Only standard error.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run has ended.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print what a run printed.

    Secrets are masked, also while it is under way. Its standard output goes to standard output, its standard error to standard
    error, unless one of them is asked for alone. Other files that the attempt left (the answer of a server) follow. On a terminal,
    control characters are left out.

    With --follow it ends with 3 where no daemon is running any more: how the run ends is known when the next one has looked.
    """
    if follow and as_json:
        fail("--follow and --json can't be had together", Exit.USAGE)
    site = ledger_site(config)
    mask = mask_of(site.config)
    with reading(site) as ledger:
        if ledger is None:
            fail("Nothing has run here yet: there is no ledger", Exit.BAD)
        occurrence, one = _wanted(ledger, run, attempt)
        only = {name for name, asked in ((STDOUT, stdout), (STDERR, stderr)) if asked}
        over = one.ended_at is not None
        if not over and (names := unknown(site.config, occurrence.action)):
            warn(f"{', '.join(names)}: no value is known here, so until this attempt has ended it can't be masked")
        if as_json:
            folder = folder_of(site, one)
            texts = _texts(folder, only, mask, over=over)
            emit_json({**run_json(occurrence), "shown_attempt": one.n, "folder": folder, "files": texts})
            return
        printer = Printer(folder_of(site, one), only, mask)
        if follow:
            over = asyncio.run(_follow(ledger, printer, one))
        printer.more()
        if over:
            printer.rest()
    if follow and not over:
        fail("no daemon is running, so how it ends isn't known yet; the next one (`rowd run`) finds out", Exit.LATER)
    if not printer.found:
        fail(_nothing(site, occurrence, one, only), Exit.BAD)


def _texts(folder: Path, only: set[str], mask: Mask, *, over: bool) -> dict[str, str]:
    """Name → what the file holds, masked.   over: nothing more is written into them."""
    files = [path for path in files_in(folder) if not only or path.name in only]
    return {path.name: mask.content(path.read_bytes(), whole=over).decode("utf-8", "replace") for path in files}


def _wanted(ledger: Ledger, run: str, attempt: int | None) -> tuple[Occurrence, Attempt]:
    try:
        occurrence = ledger.occurrence(run.strip())
    except ValueError as exc:
        fail(clean(exc), Exit.USAGE)
    if occurrence is None:
        fail(f'There is no run "{clean(run)}"; `rowd history` lists them', Exit.USAGE)
    attempts = {a.n: a for a in ledger.attempts(occurrence.id)}
    if not attempts:
        what = f"it is {stands(occurrence)}"
        if occurrence.outcome is not None:
            was = "was " if occurrence.outcome in (Outcome.SKIPPED, Outcome.MISSED, Outcome.CANCELLED, Outcome.LOST) else ""
            what = f"it {was}{occurrence.outcome}: {occurrence.reason}"
        fail(f"{occurrence.id} printed nothing, since it has not been started: {clean(what)}", Exit.BAD)
    wanted = attempt or max(attempts)
    if wanted not in attempts:
        fail(f"{occurrence.id} has no attempt {wanted}; it has {', '.join(map(str, attempts))}", Exit.USAGE)
    return occurrence, attempts[wanted]


def _nothing(site: Site, occurrence: Occurrence, attempt: Attempt, only: set[str]) -> str:
    folder = folder_of(site, attempt)
    if not folder.is_dir():
        return f"{occurrence.id}, attempt {attempt.n}, left no files, or they were pruned: there is no folder {folder}"
    return f"{occurrence.id}, attempt {attempt.n}, left no {' and no '.join(sorted(only)) or 'files'}"


class _Place(Struct):
    """How far a file was read and printed.   inode: which one it was: rowd puts a masked one in its place when the attempt ends.

    at: bytes of it that were read.   told: bytes that were printed, masked.   skipped: of these, what the new one has yet to pass.
    """

    inode: int
    gradual: Gradual
    at: int = 0
    told: int = 0
    skipped: int = 0


class Printer:
    """Prints the files of one attempt, secrets masked, and at each call what has been added to them since.

    found: whether there was any file.
    """

    def __init__(self, folder: Path, only: set[str], mask: Mask) -> None:
        self._folder = folder
        self._only = only
        self._mask = mask
        self._places: dict[str, _Place] = {}
        self.found = False

    def more(self) -> None:
        """But for what may be the beginning of a secret."""
        for path in files_in(self._folder):
            if self._only and path.name not in self._only:
                continue
            if path.name not in PRINTED and path.name not in self._places:
                warn(f"--- {path.name}")
            self._print(path)
            self.found = True

    def rest(self) -> None:
        """What was held back, once nothing more comes."""
        for name, place in self._places.items():
            self._put(place, place.gradual.rest(), name)

    def _print(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                inode = os.fstat(file.fileno()).st_ino
                place = self._places.get(path.name)
                if place is None or place.inode != inode:
                    told = place.told if place is not None else 0
                    place = self._places[path.name] = _Place(inode, self._mask.gradual(), told=told, skipped=told)
                file.seek(place.at)
                while piece := file.read(PIECE):
                    self._put(place, place.gradual.more(piece), path.name)
                place.at = file.tell()
        except OSError as exc:
            fail(f"{path} can't be read: {exc.strerror}", Exit.OWNER)

    def _put(self, place: _Place, masked: bytes, name: str) -> None:
        new, place.skipped = masked[place.skipped :], max(0, place.skipped - len(masked))
        place.told += len(new)
        if new:
            _put(new, sys.stderr if name == STDERR and STDERR not in self._only else sys.stdout)


def _put(piece: bytes, stream: object) -> None:
    """To a terminal as harmless text, to a pipe or a file byte for byte."""
    text = typer.get_text_stream("stdout") if stream is sys.stdout else typer.get_text_stream("stderr")
    if text.isatty():
        text.write(clean_lines(piece.decode("utf-8", "replace")))
    else:
        raw: BinaryIO = text.buffer
        raw.write(piece)
    text.flush()


async def _follow(ledger: Ledger, printer: Printer, attempt: Attempt) -> bool:
    """Until the attempt has its end in the ledger; False where nobody is there to put it in."""
    clock = SystemClock()
    seen_at = clock.monotonic()
    while True:
        over = any(a.n == attempt.n and a.ended_at is not None for a in ledger.attempts(attempt.run))
        printer.more()
        if over or VOICE.failed is not None:  # nobody gets what it prints any more
            return True
        if living(ledger) is not None:
            seen_at = clock.monotonic()
        elif clock.monotonic() - seen_at >= RESTART.total_seconds():
            return False
        await clock.sleep(LOOK)

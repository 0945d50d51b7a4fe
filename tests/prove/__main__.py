"""`python -m tests.prove`: the proof. Ends with 0 where every law held, with 1 where one was broken, with 130 after Ctrl-C."""

from __future__ import annotations

import argparse
import random
import shlex
import sys
import time
from pathlib import Path
from textwrap import wrap

from tests.prove.commands import Installed
from tests.prove.course import ROOT, Course, Death, Unfinished
from tests.prove.crontabs import PLACES, Replaced, copies
from tests.prove.evidence import Evidence
from tests.prove.lots import fresh, seeded
from tests.prove.report import WIDE, report
from tests.prove.rows import generated
from tests.prove.scene import Scene


def main() -> int:
    options = _options()
    seed = options.seed if options.seed is not None else fresh()
    folder = options.folder or ROOT / "build" / f"proof-{time.strftime('%Y%m%d-%H%M%S')}"
    rng = seeded(seed)
    _say(f"rowd is put to the proof: {options.kills} kills, {options.rows:,} rows, about {options.minutes:g} minutes, seed {seed}.")
    _say(f"Evidence: {folder}")
    scene = Scene(folder, generated(rng, options.rows), seed, parallel=16)
    progress = Progress(options.kills)
    try:
        starter = Installed()
        _import(scene, starter)
        deaths = _deaths(rng, options.kills, options.minutes * 60)
        Course(scene, starter, rng, pace=(0.3, 1.5), ticks=(1.0, 3.0)).run(deaths, progress.told)
    except KeyboardInterrupt:
        progress.end()
        _say("Stopped by Ctrl-C. Nothing is judged; what was written so far is kept.")
        return 130
    except Unfinished as exc:
        progress.end()
        _say(f"BROKEN, or this machine is too busy: {exc}. What was written so far is kept.")
        return 1
    finally:
        scene.close()
    progress.end()
    lines, held = report(Evidence(folder))
    (folder / "report.txt").write_text("\n".join([*lines, ""]))
    print("\n".join(lines))
    print()
    _say(f"Judge it again, with code that rowd has no part in: python -m tests.prove.check {folder}")
    return 0 if held else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description="rowd at work while it is killed, and its laws.")
    parser.add_argument("--kills", type=int, default=40, help="how often it is killed (40)")
    parser.add_argument("--rows", type=int, default=1000, help="rows of the generated table, 20 at the least (1000)")
    parser.add_argument("--seed", type=int, help="repeat the lots of a run")
    parser.add_argument("--minutes", type=float, default=4, help="how long it takes, about (4)")
    parser.add_argument("--folder", type=Path, help="where the evidence goes; it must not be there yet")
    options = parser.parse_args()
    if options.kills < 1 or options.rows < 20 or options.minutes <= 0:
        parser.error("at least 1 kill, 20 rows, and some time")
    if options.folder is not None and options.folder.exists():
        parser.error(f"{options.folder} is there already")
    return options


def _deaths(rng: random.Random, kills: int, seconds: float) -> list[Death]:
    """Spread over so many seconds. A start takes about one and a half of them."""
    each = max(0.5, seconds / kills - 2)
    return [
        Death(
            after=rng.uniform(0.05, 1.5) if (early := rng.random() < 0.15) else rng.uniform(0, 2 * each),
            early=early,
            pause=rng.choice([0, 0, 0, rng.uniform(0, 2)]),
            take=rng.random() < 0.3,
        )
        for _ in range(kills)
    ]


def _import(scene: Scene, starter: Installed) -> None:
    """The machine's crontabs: looked at as they are, then imported as copies whose commands do no harm."""
    places = [place for place in PLACES if place.exists()]
    argv = ["import", "crontab", *map(str, places), "--dry-run"]
    original = starter.run(scene.folder, argv) if places else None
    made, replaced = copies(scene.folder / "crontabs", shlex.quote(str(scene.witness)), places)
    before = scene.folder / "crontabs.txt"
    before.write_text(original.out + original.err if original else "This machine has neither /etc/crontab nor /etc/cron.d.\n")
    done = starter.run(scene.folder, ["import", "crontab", *map(str, made), "--user-field", "yes"])
    (scene.folder / "imported.txt").write_text(done.out + done.err)
    if done.status not in (0, 1):
        raise SystemExit(f"rowd import crontab ended with {done.status}: {done.err}")
    scene.take_up("cron-line")
    _say(
        f"Imported {', '.join(map(str, places)) or 'no crontab (this machine has none)'}, and a crontab made for the proof:"
        f" {sum('cron-line' in row.tags for row in scene.rows)} rows. What rowd says of the originals:"
        f" {before.name}; of the import: imported.txt."
    )
    _tell(replaced)


def _tell(replaced: list[Replaced]) -> None:
    if not replaced:
        _say("None of the machine's own lines had a command to replace.")
        return
    _say(
        f"Replaced by a witness, since the real ones would delete, mail or check disks, {len(replaced)}"
        f" command{'s' * (len(replaced) != 1)} of this machine (times, settings and names of files are theirs):"
    )
    for one in replaced:
        whose = f" (as {one.user}, runs as you here)" if one.user else ""
        print("\n".join(wrap(f"{one.place}  {one.when}{whose}", WIDE, initial_indent="  ", subsequent_indent="    ")))
        print("\n".join(wrap(one.command, WIDE, initial_indent="      ", subsequent_indent="      ", max_lines=2)))


class Progress:
    """One line on a terminal; elsewhere a line for each tenth kill."""

    def __init__(self, kills: int) -> None:
        self._kills = kills
        self._since = time.monotonic()
        self._drawn = sys.stdout.isatty()
        if self._drawn:
            self._draw("starting")

    def told(self, number: int, how: str) -> None:
        what = f"{how}, {number} of {self._kills}" if number else how
        if self._drawn:
            self._draw(what)
        elif number % 10 == 0:
            self._line(what)

    def end(self) -> None:
        if self._drawn:
            sys.stdout.write("\r\x1b[K")
            sys.stdout.flush()

    def _draw(self, what: str) -> None:
        sys.stdout.write(f"\r\x1b[K  {self._clock()}  {what}"[: WIDE + 4])
        sys.stdout.flush()

    def _line(self, what: str) -> None:
        print(f"  {self._clock()}  {what}", flush=True)

    def _clock(self) -> str:
        spent = int(time.monotonic() - self._since)
        return f"{spent // 60}:{spent % 60:02}"


def _say(text: str) -> None:
    print("\n".join(wrap(text, WIDE, break_long_words=False, break_on_hyphens=False)), flush=True)


if __name__ == "__main__":
    sys.exit(main())

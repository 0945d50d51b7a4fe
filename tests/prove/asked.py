"""The laws of what somebody, or something, asked for: presses, requests, ticks, commits. Each answers what broke it, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.prove.evidence import Evidence, by_task


def every_press_and_request_ran_once(e: Evidence) -> Iterator[str]:
    """Presses of rows at rest, and runs asked for at the command line; those without an answer may have been refused."""
    records = by_task(e, "manual")
    presses = Counter(task for save in e.saves for task, column, _ in save.get("cells", ()) if column == "Do")
    late = Counter(
        task
        for save in e.saves
        for task, column, _ in save.get("cells", ())
        if column == "Do" and e.known(save, task) > e.end["cut"] - e.settling
    )
    for name in (n for n, row in e.rows.items() if {"press", "asked", "cron-line"} & set(row["tags"])):
        asked = [a for a in e.asked if a["name"] == name and a["request"] is not None]
        least = presses[name] - late[name] + sum(a["taken"] is True for a in asked)
        most = presses[name] + sum(a["taken"] is not False for a in asked)
        if not least <= len(records[name]) <= most:
            yield f"{name}: {least} to {most} runs were asked for, {len(records[name])} are recorded"
    for asked in e.asked:
        if asked["status"] not in (0, 3, 5) or (asked["status"] == 0 and asked["request"] is None):
            yield f"rowd {asked['wish']} {asked['name']} ended with {asked['status']}: {asked['err']}"


def no_tick_is_lost_or_doubled(e: Evidence) -> Iterator[str]:
    records = by_task(e, "counter")
    for name in (n for n, row in e.rows.items() if "counter" in row["tags"]):
        ticks = [a for a in e.asked if a["name"] == name and a["wish"] == "tick"]
        if refused := [a["err"] for a in ticks if a["taken"] is False]:
            yield f"{name}: a tick was refused: {refused[0]}"
        counted = sum(a["number"] for a in ticks if a["request"] is not None)
        fired, left = len(records[name]), float(e.table.get(name, {}).get("Current") or 0)
        if counted != fired * e.rows[name]["threshold"] + left:
            yield f"{name}: {counted} ticks, but it fired {fired} times at {e.rows[name]['threshold']} and {left:g} are left"


def no_commit_is_lost_or_doubled(e: Evidence) -> Iterator[str]:
    """From the first sight of the repository: by counters, and by rows that run for commits."""
    counted, reacted = by_task(e, "counter"), by_task(e, "event")
    certain = sum(commit["since"] > e.watched_since for commit in e.commits)
    possible = sum(commit["at"] > e.watched_since - e.settling for commit in e.commits)
    for name, row in e.rows.items():
        if "counting" in row["tags"]:
            left = float(e.table.get(name, {}).get("Current") or 0)
            number = len(counted[name]) * row["threshold"] + left
        elif "reacting" in row["tags"]:
            number = sum(record.number for record in reacted[name])
        else:
            continue
        if not certain <= number <= possible:
            yield f"{name}: {certain} to {possible} commits, but it has taken up {number:g}"

"""Seeds that once broke a law, each with what was wrong. They are played in every test run."""

from __future__ import annotations

FOUND: dict[int, str] = {
    1: "a run that was given up between two attempts was not counted in its row until the next one",
    23: "runs that are caught up started closer together than the operator allows the action",
    26: "a clock set back by days left rows unsettled until it was there again",
    48: "a row mended in Attempts alone: what came due meanwhile is recorded, not forgotten",
}

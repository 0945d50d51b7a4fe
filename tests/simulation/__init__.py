"""The whole daemon on a virtual clock, with everything failing at once, held to its promises by a witness it doesn't know of.

`machine` (clocks, kills) and `disk` carry it; `sheets`, `link`, `actions` are its world, and `assembly` joins a daemon to that;
`people` (by `hand`, with `presses`, `pasting`, `rearranging`), `doings`, `troubles`, `rival` and `lives` disturb it, from one seed;
`spans`, `stretches`, `dues`, `witness` know by themselves what ought to happen; `laws` (a module for each matter) and `rest` say
what must hold.
`python -m tests.simulation --help` plays it.
"""

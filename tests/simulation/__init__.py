"""The whole daemon on a virtual clock, with everything failing at once, held to its promises by a witness it doesn't know of.

`machine` (clocks, kills) and `disk` carry it; `sheets`, `link`, `actions`, `facts` and `outside` (what rows react to) are its
world, `benches` has all that is around one table, and `assembly` joins a daemon to that; `people` (by `hand`, with `presses`,
`pasting`, `rearranging`), `approvers` (who say what may begin), `makers` (runs that make rows), `doings`, `troubles`, `rival` and
`lives` disturb it, from one seed; `hearing` hears what it tells.
`spans`, `stretches`, `dues`, `witness` know by themselves what ought to happen; `laws` (a module for each matter) and `rest` say
what must hold.
`stores` puts a vendor's emulator in the place of these tables, behind the real connector and client (`store_sheets` is what people
see of it, `store_worker` and `store_link` the road there); each seed draws how every behaviour is that nobody could confirm. There
the vendor's own journal is held to its limits and pauses, and each hand of a person's finds people's cells as the last left them.
`python -m tests.simulation --help` plays it.
"""

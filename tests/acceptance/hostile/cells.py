"""Tables with a cell that means harm, or is mere rubbish: it is said, and every other row runs."""

from __future__ import annotations

import json

from tests.acceptance.hostile.case import GOOD, HEADER, Odd, table

G = GOOD.decode()

CELLS = [
    Odd(
        "formulas",
        table("a,=1+1,work,daily,active,,", "b,@SUM(A1),work,daily,active,,", 'c,"=HYPERLINK(""x"")",work,daily,active,,', G),
    ),
    Odd(
        "dde",
        table("a,=cmd|' /C calc'!A0,work,daily,active,,", "b,x,=cmd|' /C calc'!A0,daily,active,,", G),
        (r"no action of this name",),
    ),
    Odd(
        "escaped-formula",
        table("a,'" + "-1" + " " * 300_000 + "x,work,daily,active,,", "b,'=1,work,daily,active,,", G),
        (r"longer than 200",),
    ),
    Odd("apostrophes", table("a," + "'" * 300_000 + "=,work,daily,active,,", G), (r"longer than 200",)),
    Odd("cell-of-1-mb", table("a,alpha,work,daily,active,,," + "x" * 1_000_000, G + ",", header=HEADER.rstrip() + b",Note\n")),
    Odd("name-of-1-mb", table("a," + "x" * 1_000_000 + ",work,daily,active,,", G), (r"longer than 200",)),
    Odd("action-of-1-mb", table("a,alpha," + "x" * 1_000_000 + ",daily,active,,", G), (r"no action of this name",)),
    Odd("schedule-of-100-kb", table("a,alpha,work," + "every " * 17_000 + ",active,,", G), (r"Schedule .*(long|short)",)),
    Odd("schedule-of-stars", table("a,alpha,work," + "*" * 100_000 + ",active,,", G), (r"Schedule",)),
    Odd("schedule-lists", table('a,alpha,work,"' + "0," * 90 + '0 * * * *",active,,', G)),
    Odd("schedule-bomb", table("a,alpha,work,every " + "9" * 150 + " years,active,,", G), (r"Schedule",)),
    Odd("status-of-1-mb", table("a,alpha,work,daily," + "active" * 200_000 + ",,", G), (r"Status",)),
    Odd(
        "escapes",
        table(
            "a,\x1b[2J\x1b]0;owned\x07,work,daily,active,,",
            "b,beta,\x1b[31mred,daily,active,,",
            "c,gamma,work,\x9b2Jdaily,active,,",
            G,
        ),
        (r"control character", r"no action", r"Schedule"),
    ),
    Odd("backspaces", table("a,safe\b\b\b\bevil,work,daily,active,,", G), (r"control character",)),
    Odd("bidi", table("a,\u202etxt.exe,work,daily,active,,", "b,\u2067x\u2069,work,\u202edaily,active,,", G), (r"Schedule",)),
    Odd(
        "combining-bomb",
        table("a,Z" + "\u0301" * 150 + ",work,daily,active,,", "b,Z" + "\u0301" * 50_000 + ",work,daily,active,,", G),
        (r"longer than 200",),
    ),
    Odd(
        "year-0",
        table(
            "a,alpha,work,0000-01-01 09:00,active,,",
            "b,beta,work,10000-01-01 09:00,active,,",
            "c,gamma,work,9999-12-31 23:59,active,,",
            "d,delta,work,2026-02-30 09:00,active,,",
            G,
        ),
        (r"0000-01-01", r"10000-01-01", r"9999-12-31", r"2026-02-30"),
    ),
    Odd(
        "numbers",
        b"ID,Name,Action,Type,Threshold,Current,Schedule,Status\na,alpha,work,counter,1e999,0,,active\nb,beta,work,counter,NaN,0,,active\nc,gamma,work,counter,5,Infinity,,active\nd,delta,work,counter,"
        + b"9" * 5000
        + b",0,,active\ne,eps,work,counter,-5,0,,active\nf,zeta,work,counter,0x10,0,,active\n",
        (
            r"Current \"Infinity\"",
            r"Threshold \"1e999\"",
            r"Threshold \"NaN\"",
            r"Threshold \"999",
            r"Threshold \"-5\"",
            r"Threshold \"0x10\"",
        ),
        runs=(),
    ),
    Odd(
        "numbers-of-other-scripts",
        table("a,alpha,work,٣ ٣ * * *,active,,", "b,beta,work,０ ７ * * *,active,,", G),
        (r"Schedule \"٣", r"Schedule \"０"),
    ),
]


def _metadata(*values: str) -> bytes:
    rows = [f'{n},task {n},work,daily,active,"{value.replace(chr(34), chr(34) * 2)}",' for n, value in enumerate(values)]
    return table(*rows, G)


METADATA = [
    Odd(
        "metadata-10000-levels",
        _metadata('{"note":' * 10_000 + "1" + "}" * 10_000, "[" * 30_000),
        (r"longer than 32,768|nested deeper", r"nested deeper"),
    ),
    Odd(
        "metadata-constants",
        _metadata('{"note": NaN}', '{"note": Infinity}', '{"priority": 1e999}', '{"note": -1e999}'),
        (r"NaN is not JSON", r"Infinity is not JSON", r"Priority \"inf\"", r"too large"),
    ),
    Odd(
        "metadata-huge-number",
        _metadata('{"note": ' + "9" * 5000 + "}", '{"priority": ' + "9" * 4000 + "}"),
        (r"number that is too long", r"Priority \"a huge number\""),
    ),
    Odd(
        "metadata-surrogate",
        _metadata(r'{"note": "\ud800"}', r'{"\udc00": 1}', r'{"assignee": "\ud800"}', r'{"time zone": "\ud800"}'),
        (r"no program can be given", r"neither a setting nor", r"Time Zone|time zone"),
    ),
    Odd(
        "metadata-nul",
        _metadata(r'{"note": "a\u0000b"}', r'{"note": "a\u001b[31mb"}'),
        (r"no program can be given", r"control character"),
    ),
    Odd(
        "metadata-twice",
        _metadata('{"note": 1, "note": 2}', '{"Time Zone": "UTC", "time_zone": "UTC"}'),
        (r"stands there twice", r"says the same"),
    ),
    Odd(
        "metadata-not-json",
        _metadata("note: 1", "{'note': 1}", "[1]", '{"note": "x"', "“note”"),
        (r"not JSON", r"double quotes", r"not a JSON object", r"straight double quotes"),
    ),
    Odd(
        "metadata-keys",
        _metadata(json.dumps({f"key{n}": n for n in range(2000)}), json.dumps({"x" * 30_000: 1})),
        (r"neither a setting nor",),
    ),
    Odd("metadata-regex-bomb", _metadata('{"note": "' + "a" * 900 + '!"}')),
    Odd(
        "metadata-timeouts",
        _metadata('{"timeout": "99999999999999999999 days"}', '{"attempts": 1e300}', '{"jitter": "-5 s"}'),
        (r"Timeout", r"Attempts", r"Jitter"),
    ),
]

"""Tables that are odd but whole: of each, every row that makes sense runs, and what makes none is said."""

from __future__ import annotations

from tests.acceptance.hostile.case import DRAFT, GOOD, HEADER, WHOLE, Odd, table
from tests.acceptance.hostile.cells import CELLS, METADATA

G = GOOD.decode()


def _text(name: str, before: str, after: str, *said: str) -> Odd:
    """A whole file as text, with what becomes of it."""
    return Odd(name, before.encode(), said, ((before.encode(), after.encode()),))


FORMS = [
    Odd("bom", b"\xef\xbb\xbf" + WHOLE),
    Odd("bom-twice", b"\xef\xbb\xbf\xef\xbb\xbf" + WHOLE),
    Odd("crlf", WHOLE.replace(b"\n", b"\r\n")),
    Odd("cr-only", WHOLE.replace(b"\n", b"\r")),
    Odd("mixed-ends", HEADER + b"\r\n\r" + GOOD + b"\r\n\n\r\n\r"),
    Odd("no-final-newline", HEADER + GOOD),
    Odd("only-header", HEADER, runs=()),
    Odd("only-header-unended", HEADER.rstrip(), runs=()),
    _text(
        "semicolons",
        "ID;Name;Action;Schedule;Status\ng;good;work;now;\n",
        "ID;Name;Action;Schedule;Status\ng;good;work;now;completed\n",
    ),
    _text(
        "tabs",
        "ID\tName\tAction\tSchedule\tStatus\ng\tgood\twork\tnow\t\n",
        "ID\tName\tAction\tSchedule\tStatus\ng\tgood\twork\tnow\tcompleted\n",
    ),
    _text(
        "sep-line",
        "sep=|\r\nName|Action|Schedule|Status\r\nx|work|now|\r\n",
        "sep=|\r\nName|Action|Schedule|Status\r\nx|work|now|completed\r\n",
    ),
    Odd("blank-lines-on-top", b"\n\n , ,\n" + WHOLE),
    Odd("ragged", table("a", G, "b,beta,work,daily,active,,,,,,too,many", ",,,,,,,,,,,stray"), (DRAFT, r"more cells than")),
    _text(
        "short-row",
        "ID,Name,Action,Schedule,Status,Last Status\ng,good,work,now\n",
        "ID,Name,Action,Schedule,Status,Last Status\ng,good,work,now,completed,succeeded\n",
    ),
    Odd("quotes-in-the-middle", table('a,al"p"ha,work,daily,active,,', G, 'b,5" disk,work,daily,active,,')),
    Odd("quote-goes-on", table('a,"al"pha,work,daily,active,,', G)),
    Odd("line-breaks-in-cells", table('a,"al\npha",work,daily,active,,', G), (r"line break",)),
    Odd("header-over-lines", b'ID,Name,Action,Schedule,Status,Metadata,Last Status,"No\r\nte\n"\n' + GOOD + b",\n"),
    _text(
        "quoted-all",
        '"Name","Action","Schedule","Status"\n"x","work","now",""\n',
        '"Name","Action","Schedule","Status"\n"x","work","now","completed"\n',
    ),
    Odd("headers-without-name", HEADER.rstrip() + b",,,\n" + GOOD + b",1,2,3\n"),
    Odd(
        "line-separators",
        table("a,al\u2028pha,work,daily,active,,", "b,be\x85ta,work,daily,active,,", "c,gam\x0cma,work,daily,active,,", G),
        (r"line break",),
    ),
    Odd("blanks-first", b" " * 200_000 + b"\n" + WHOLE),
    Odd("lines-of-blanks", HEADER + (b" " * 1000 + b"\n") * 300 + GOOD + b"\n"),
]

IDENTITY = [
    Odd(
        "ids-twice",
        table("a,alpha,work,now,active,,", "a,beta,work,now,active,,", G),
        (r'ID "a" stands in 2 rows \("alpha" and "beta"\).*clear it',),
    ),
    Odd("ids-all-the-same", table(*(f"a,task {n},work,now,active,," for n in range(500)), G), (r'ID "a" stands in 500 rows',)),
    Odd(
        "ids-numbers",
        table(
            "1,one,work,daily,active,,",
            "1.0,two,work,daily,active,,",
            "01,three,work,daily,active,,",
            "1e0,four,work,daily,active,,",
            G,
        ),
        (r'ID "1" stands in 2 rows',),
    ),
    Odd(
        "ids-with-blanks",
        table(" a ,alpha,work,daily,active,,", "a b,beta,work,daily,active,,", "\u00a0a,gamma,work,daily,active,,", G),
        (r'ID "a" stands in 2 rows',),
    ),
    Odd("ids-in-other-case", table("a,alpha,work,daily,active,,", "A,beta,work,daily,active,,", "Ａ,gamma,work,daily,active,,", G)),
    Odd(
        "ids-provisional",
        table("~a,alpha,work,now,active,,", "~,beta,work,now,active,,", G),
        (r'ID "~a": an id can.t begin with ~', r'ID "~":'),
    ),
    Odd("ids-long", table("a" * 1_000_000 + ",alpha,work,now,active,,", G), (r"ID .*longer than",)),
    Odd(
        "ids-hidden",
        table("\x1b[31ma,alpha,work,now,active,,", '"b\nc",beta,work,now,active,,', "c\u202e,gamma,work,daily,active,,", G),
        (r"ID .*control character", r"ID .*control character"),
    ),
    Odd(
        "names-doubled",
        table("a,alpha,work,daily,active,,", "b,ALPHA,work,now,active,,", "c, alpha ,work,now,active,,", G),
        (r'Name "ALPHA": the row with the ID "a"', r'Name "alpha": the row with the ID "a"'),
    ),
    Odd(
        "names-composed-twins",
        table("a,Caf\u00e9,work,daily,active,,", "b,Cafe\u0301,work,now,active,,", G),
        (r"the row with the ID \"a\" has this name",),
    ),
    Odd(
        "names-hidden-twins",
        table("a,backup,work,daily,active,,", "b,back\u200bup,work,now,active,,", "c,\u200fbackup,work,now,active,,", G),
        (r"the row with the ID \"a\" has this name",),
    ),
    Odd("names-homoglyphs", table("a,backup,work,daily,active,,", "b,b\u0430ckup,work,daily,active,,", G)),
    Odd(
        "names-of-nothing",
        table("a,\u200b\u200f,work,now,active,,", "b,\u3164,work,daily,active,,", "c,,work,now,active,,", G),
        (r"Name .*(blank|nothing)",),
    ),
    Odd(
        "names-like-paths",
        table(
            "a,../../etc/passwd,work,daily,active,,",
            "b,ops/good,work,daily,active,,",
            "c,--help,work,daily,active,,",
            "d,$(reboot),work,daily,active,,",
            G,
        ),
    ),
    Odd(
        "cycle",
        HEADER.rstrip()
        + b",Depends On\na,alpha,work,,active,,,beta\nb,beta,work,,active,,,alpha\nc,self,work,,active,,,self\n"
        + b"d,both,work,daily,active,,,good\n"
        + GOOD
        + b",\n",
        (r"a circle, alpha → beta → alpha", r"waits for itself", r'Schedule "daily": a row that waits for others'),
    ),
    Odd(
        "ring-of-2000",
        HEADER.rstrip()
        + b",Depends On\n"
        + b"".join(b"%d,n%d,work,,active,,,n%d\n" % (n, n, (n + 1) % 2000) for n in range(2000))
        + GOOD
        + b",\n",
        (r"a circle, n0 → n1 → .* more → n0",),
    ),
    Odd(
        "conditions",
        HEADER.rstrip()
        + b",Condition\n"
        + b"".join(
            b'%d,n%d,work,daily,active,,,"%s"\n' % (n, n, cell.replace(b'"', b'""'))
            for n, cell in enumerate(
                (
                    b"__import__('os').system('touch stolen')",
                    b"(" * 900,
                    b"not " * 240 + b"true",
                    b"9" * 400 + b" > 1",
                    b'task["__class__"].mro == 1',
                    b"tasks.good.outputs.x.y.z == 1",
                    b"1 < 2 < 3 < ",
                    b"x" * 5000,
                    b"\xe2\x80\xae1 == 1",
                )
            )
        )
        + GOOD
        + b",\n",
        (r"Condition .*",),
    ),
]

ODD = [*FORMS, *IDENTITY, *CELLS, *METADATA]

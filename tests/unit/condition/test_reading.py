"""What is said of a condition that can't be read, which limits there are, and what makes two conditions equal."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.condition import Unreadable, parse
from engine.condition.build import DEEPEST, MOST
from engine.condition.tidy import LONGEST


def refusal(text: str) -> str:
    with pytest.raises(Unreadable) as caught:
        parse(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("coverage<80 %", "coverage < 80.0%"),
        ("a AND b", "(a) and\n(b)"),
        ("x in ('a','b')", 'x in ("a", "b")'),
        ("a and (b and c)", "a and b and c"),
        ("1 < x < 3", "1 < x and x < 3"),
        ('tasks["build"].outcome == "ok"', "tasks.build.outcome == 'ok'"),
        ("took < 90 min", "took < 1 hour 30 minutes"),
        ("x == +5", "x == 5"),
        ("x == −5", "x == -5"),
        ("a == Yes", "a == true"),
        ("x\u00a0> 1", "x > 1"),
        ('x == "caf\u0065\u0301"', 'x == "caf\u00e9"'),
    ],
)
def test_what_says_the_same_in_the_same_order_is_equal(one: str, other: str) -> None:
    assert parse(one) == parse(other)
    assert hash(parse(one)) == hash(parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a and b", "b and a"),
        ("a and b or c", "a and (b or c)"),
        ("not a == b", "(not a) == b"),
        ("x == 80", "x == 80%"),
        ('x == "a"', 'x == "A"'),
        ('x == "a b"', 'x == "a  b"'),
        ("a - (b - c) == 0", "a - b - c == 0"),
        ("X", "x"),
        ("-a + b == 0", "-(a + b) == 0"),
    ],
)
def test_what_says_something_else_is_not(one: str, other: str) -> None:
    assert parse(one) != parse(other)


def test_names_are_gathered_from_everywhere_once() -> None:
    condition = parse('a and not b.c or (d + e) * -f > g and h in (i, "j") and k["l m"].n == a or o == "p"')
    said = {("a",), ("b", "c"), *((word,) for word in "defghio"), ("k", "l m", "n")}
    assert condition.names == said


def test_a_name_may_be_called_like_a_keyword_behind_a_point() -> None:
    assert parse('counts.in > 1 or counts["not"] > 2').names == {("counts", "in"), ("counts", "not")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "says nothing"),
        (" \n ", "says nothing"),
        ("< 3", '"<" can\'t stand at the beginning'),
        ("and a", '"and" can\'t stand at the beginning'),
        ("a or or b", '"or" can\'t stand after "or"; there belongs a name'),
        ("a <", 'something is missing after "<"'),
        ("x in ()", '")" can\'t stand after "("'),
        ("x in y", 'after "in" comes a list in round brackets, like ("main", "release"), and not "y"'),
        ("tasks[0]", '"0" in brackets has no quotes'),
        ("tasks.", 'the point after "tasks" is followed by no name'),
        ("tasks.12", 'the point after "tasks" is followed by no name; write one, or text in brackets like tasks["12"]'),
        ('x == "a" "b"', '\'"b"\' doesn\'t fit after "a"; there belongs a comparison'),
        ("x == 3 # note", '"#" doesn\'t fit after "3"'),
        ("x > 5\u200b", 'the character zero width space doesn\'t fit after "5"'),
        ("x == “main", "has no other half"),
        ('x == main"', "the quote at the end has no other half"),
        ('x == "a\tb"', "holds a line break, a tab or what can't be seen; type it anew"),
        ("(a or b]", 'the bracket "]" after "b" closes none'),
        ('tasks["a"', 'the bracket before \'"a"\' is not closed; add "]"'),
        ("a == not b", 'after "==" "not" stands in brackets, with what it denies'),
        ("a if b else c", 'there is no "if" within a condition'),
        ("a ? b : c", 'there is no "if" within a condition'),
        ("x // 2 > 1", 'there is one division, "/"'),
        ('x == "a" or y or "b"', "'\"b\"' is neither true nor false; compare it"),
        ('x < "1.2.3"', "write a number or a name without quotes"),
        ('x < "1.2"', "write 1.2 without quotes"),
        ('x == ")" or (y', 'the bracket before "y" is not closed'),
        ('(x == "(")) or y', 'the bracket ")" after ")" closes none'),
        ("x == '(,' or (y in (1,5", 'write "1, 5" for numbers of a list'),
        ('x == ")(" or y > 1,5', 'write "1.5", with a point, for a part of one'),
        ('x == "' + "\u0958" * 600 + '"', "is longer than 1000 characters"),
        ("unless a < 3", '"unless" is written "not (…)"'),
        ("a < 3 unless b", '"unless" is written "not (…)"'),
        ("'main == x", 'the quote before "main == x" has no other half'),
        ("x ~ y", "text is compared as a whole"),
        ('x starts with "a"', "text is compared as a whole"),
        ("a; b", 'after "a" ";" joins nothing'),
        ("time > 09:00", "a time of day alone can't be written"),
        ("x == 1 or None", '"None" is no value to compare with'),
        ('"yes"', "compare it, like 'branch == \"yes\"'"),
        ("x ^ 2 > 1", "there are no powers"),
        ("x > 1e5", '"1e5" is no number here; write all its digits'),
        ("x > 10k", '"k" after "10" is no unit of time (s, min, h, d, w)'),
        ("age > 30 months", '"months" after "30" is no unit of time'),
        ("age > 1h30", '"30" after "1h" has no unit; write one, like "30m"'),
        ("x > 5.", '"5." is no number; write one such as 5 or 2.5'),
        ("x > 1,500,000", 'write "1500000" for thousands, or "1500.000" for a part of one'),
        ("x in (1,500)", 'write "1, 500" for numbers of a list, or "1.500" for one number'),
        ("x > 9999999999999999", '"9999999999999999" is too large'),
        ("x > 0.1234567890123456", "has more than 15 decimals"),
        ("age > 600 w", "is longer than ten years"),
        ("now > 2026-12-01 09:00", 'write "2026-12-01 09:00", with the quotes, for the date'),
        ("5", '"5" alone is neither true nor false; compare it, like "coverage < 5"'),
        ("not 5%", 'after "not", "5%" is neither true nor false'),
        ("a or 5", 'beside "or", "5" is neither true nor false'),
        ('x == "a" or "b" and y', "'\"b\"' is neither true nor false"),
        ('x != "a" and "b"', 'did you mean \'x not in ("a", "b")\'?'),
        ("(a < b) < c", '"a < b" is true or false, which is neither less nor more'),
        ("a > yes", '"true" is true or false, which is neither less nor more'),
        ("(a < b) + 1 > 2", '"a < b" is true or false, and can\'t be counted with'),
        ('x * "3" > 2', '"3" is text, and can\'t be counted with; write 3 without quotes'),
        ('x + " %" == "3 %"', '"%" is text, which can\'t be counted with; write a number or a name without quotes'),
        ('branch < "main"', '"main" is text, which has no order; write a number or a name without quotes'),
        ("80% < used / total", 'write "80% < used / total * 100" for a share in a hundred, or "80 < used / total"'),
        ("1 < x > 3", 'write "1 < x and x > 3"'),
        ("now > a and f(x)", '"f(…)" is a call'),
        ("__import__('os').system('x')", '"__import__(…)" is a call'),
        ("lambda: 3", '":" doesn\'t fit after "lambda"'),
        ('f"{x}" == "a"', 'doesn\'t fit after "f"'),
    ],
)
def test_what_can_not_be_read_is_told_what_is_wrong_where_and_the_remedy(text: str, said: str) -> None:
    assert said in refusal(text)


@pytest.mark.parametrize(
    ("text", "better"),
    [
        ("a == 1 and b = 2", "a == 1 and b == 2"),
        ("=a>5", "a>5"),
        ("a === 5", "a == 5"),
        ("tasks.7k2.outcome == 'lost'", "tasks[\"7k2\"].outcome == 'lost'"),
        ("a !== 5", "a != 5"),
        ("a =< 3 | b", "a <= 3 or b"),
        ("a ≥ 3 & b ≠ 4 & c ≤ 5", "a >= 3 and b != 4 and c <= 5"),
        ("status is not 5", "status != 5"),
        ("status is in (1, 2)", "status in (1, 2)"),
        ("load is greater than or equal to 4", "load >= 4"),
        ("load above 4", "load > 4"),
        ("when ${env.load} > .5", "env.load > 0.5"),
        ("rows > 1_000", "rows > 1000"),
        ("rows > 1,500.5", "rows > 1500.5"),
        ("now() > a", "now > a"),
        ("rows > 1 000", "rows > 1000"),
        ("rows > 1.000.000", "rows > 1000000"),
        ("rows > 1.500,25", "rows > 1500.25"),
        ("price > $5 or price > 5 €", "price > 5 or price > 5"),
        ("x in {1; 2}", "x in (1, 2)"),
        ("a xor b", "a != b"),
        ("a × 2 ÷ b > 1", "a * 2 / b > 1"),
    ],
)
def test_a_common_slip_gets_a_condition_that_can_be_read(text: str, better: str) -> None:
    assert refusal(text).endswith(f': did you mean "{better}"?')
    parse(better)


def test_what_stands_in_quotes_is_never_taken_for_a_slip() -> None:
    assert refusal('a = "x = y && 5 percent"').endswith("did you mean 'a == \"x = y && 5 percent\"'?")
    assert parse('a == "1,500 = 2026-12-01 && (["').text == 'a == "1,500 = 2026-12-01 && (["'


@pytest.mark.parametrize("text", ["unless a < 3", "a is not less than 3", "a no more than 3", "a < 3 unless b"])
def test_nothing_is_offered_for_words_that_would_turn_it_round(text: str) -> None:
    assert "did you mean" not in refusal(text)


def test_what_is_offered_is_never_cut() -> None:
    long = " and ".join(f"name_{n} = {n}" for n in range(30))
    assert 'is written "=="' in refusal(long)
    assert "did you mean" in refusal(" and ".join(f"name_{n} = {n}" for n in range(10)))


def test_a_message_shows_a_long_condition_cut_and_on_one_line() -> None:
    assert refusal("a <\n" + "b " * 100).startswith(f'Condition "a < {"b " * 28}…": ')


# --- limits


def test_the_longest_text() -> None:
    assert parse(" " * (LONGEST - 1) + "a").text == "a"
    assert f"is longer than {LONGEST} characters" in refusal(" " * LONGEST + "a")


def test_a_text_that_becomes_too_long_when_it_is_written_out_is_refused() -> None:
    name = "a" * 996
    assert parse(f"{name}>1").text == f"{name} > 1"
    assert f"is longer than {LONGEST} characters where it is written out" in refusal(f"{name}b>1")


def test_the_deepest_nesting() -> None:
    assert parse("not " * DEEPEST + "a")
    assert f"nested more than {DEEPEST} deep" in refusal("not " * (DEEPEST + 1) + "a")
    assert f"nested more than {DEEPEST} deep" in refusal("-" * 900 + "a > 1")
    assert parse("not " * (DEEPEST - 2) + "(1 < x < 3)")
    assert f"nested more than {DEEPEST} deep" in refusal("not " * (DEEPEST - 1) + "(1 < x < 3)")
    assert parse("(" * 400 + "a" + ")" * 400).text == "a"


def test_the_most_parts() -> None:
    assert parse("x in (" + ", ".join(["1"] * (MOST - 2)) + ")")
    assert f"more than {MOST} parts" in refusal("x in (" + ", ".join(["1"] * (MOST - 1)) + ")")
    middle = "(" + "+".join(["a"] * 97) + ")"
    assert parse(f"0 < {middle}")
    assert f"more than {MOST} parts" in refusal(f"0 < {middle} < 1")


def test_the_largest_and_the_smallest_number() -> None:
    assert parse("x < 1000000000000000 and x > 0.000000000000001").text == "x < 1000000000000000 and x > 0.000000000000001"
    assert "is too large" in refusal("x < 1000000000000000.1")
    assert "is too large" in refusal("x < " + "9" * 900)
    assert "decimals" in refusal("x > 0.0000000000000001")
    assert parse("x == " + "0" * 900 + "7").text == "x == 7"


def test_the_library_is_loaded_with_the_first_condition_only() -> None:
    code = "import sys, engine.condition as c; assert 'lark' not in sys.modules; c.parse('a'); assert 'lark' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)

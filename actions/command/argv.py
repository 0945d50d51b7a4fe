"""A definition's argv with its `{parameters}`: refused where a row's value would become a command, else made into arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from actions.command.programs import FOREIGN, WRAPPERS, Takes, interpreter, name_of, started
from actions.parameters import NUMERIC, Parameter
from actions.templates import Template, template
from actions.values import Value, quoted, written

Argv = tuple[Template, ...]

_REMEDY = "put the fixed text into a script of your own, and give it the parameter as an argument"


def read(elements: Sequence[str], parameters: Mapping[str, Parameter]) -> Argv:
    """Take argv apart. Raises ValueError, with a sentence for the operator, where it is unsafe or doesn't fit its parameters."""
    if not elements or not elements[0]:
        raise ValueError('argv names no program; write it like argv = ["/usr/bin/du", "-sh", "{folder}"]')
    argv = tuple(template(element, parameters) for element in elements)
    named = frozenset().union(*(t.parameters for t in argv))
    for name in parameters:
        if name not in named:
            raise ValueError(
                f"argv has no {{{name}}}, so what a row gives for it would go nowhere; put it in, or remove the parameter"
            )
    _check(argv, elements, parameters)
    return argv


def filled(argv: Argv, bound: Mapping[str, Value]) -> list[str]:
    """The arguments: each element of argv is exactly one, whatever stands in a value."""
    return [t.filled(lambda reference: written(bound[reference.name])) for t in argv]


def _check(argv: Argv, elements: Sequence[str], parameters: Mapping[str, Parameter]) -> None:
    """Refuse what would run a row's text. argv begins with a program."""
    program = elements[0]
    if argv[0].parameters:
        raise ValueError(
            f"{quoted(program)}: a row would choose the program; write its name, and give other programs other actions"
        )
    name = name_of(program)
    free = [bool(t.parameters) and any(parameters[p].free for p in t.parameters) for t in argv]
    if name in FOREIGN and any(free):
        raise ValueError(f"{quoted(elements[free.index(True)])}: {name} would hand it to {FOREIGN[name]}; {_REMEDY}")
    if name in WRAPPERS:
        _check_wrapped(argv, elements, parameters, free)
    else:
        _check_code(argv, elements, free)


def _check_wrapped(argv: Argv, elements: Sequence[str], parameters: Mapping[str, Parameter], free: Sequence[bool]) -> None:
    numbers = [t.filled(lambda r: "0" if parameters[r.name].type in NUMERIC else f"{{{r.name}}}") for t in argv]
    at = started(numbers[1:])
    before = len(elements) if at is None else at + 1
    for index in range(1, before):
        joined = elements[index].startswith(("-S", "--split-string")) or elements[index - 1] in ("-S", "--split-string")
        if argv[index].parameters and (free[index] or joined):
            raise ValueError(f"{quoted(elements[index])} stands before the program that {elements[0]} starts; {_REMEDY}")
    if at is not None:
        _check(argv[before:], elements[before:], parameters)


def _check_code(argv: Argv, elements: Sequence[str], free: Sequence[bool]) -> None:
    """Refuse a parameter in what the program runs: the value of an option such as -c, or its script."""
    program = interpreter(elements[0])
    script_known = not program.script
    expected = Takes.NOTHING  # of this element, by the option before it
    for index, element in enumerate(elements[1:], start=1):
        behind = program.script and script_known
        option = element.startswith("-") and len(element) > 1 and not behind
        takes = program.takes(element) if option else Takes.NOTHING
        if argv[index].parameters and {expected, takes} & {Takes.CODE, Takes.LOADED}:
            after = "" if expected is Takes.NOTHING else f" after {elements[index - 1]}"
            raise ValueError(f"{quoted(element)}: {elements[0]} would run what a row says{after}; {_REMEDY}")
        if not option and expected in (Takes.NOTHING, Takes.CODE):
            if free[index] and not script_known:
                raise ValueError(
                    f"{quoted(element)}: {elements[0]} would run what a row says; name the script, or make it a choice"
                )
            script_known = True
        expected = Takes.NOTHING if takes is not Takes.CODE and option and program.attached(element) else takes

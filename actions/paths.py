"""The second half of a path parameter's promise: where it leads once symbolic links are followed. The half that looks at files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from actions.parameters import Parameter, ParameterType
from actions.values import BadValue, Value, quoted


def confined(parameters: Mapping[str, Parameter], bound: Mapping[str, Value]) -> dict[str, Value]:
    """The values with every path resolved: what was checked is what the action gets. A path needn't exist yet.

    Raises BadValue, with a sentence for the row's owner, where one leads out of its folder.
    """
    settled = dict(bound)
    for name, parameter in parameters.items():
        if parameter.type is ParameterType.PATH and parameter.under is not None and bound.get(name) not in (None, ""):
            settled[name] = _resolved(name, Path(parameter.under), Path(str(bound[name])))
    return settled


def _resolved(name: str, under: Path, path: Path) -> str:
    try:
        real, folder = path.resolve(), under.resolve()
    except (OSError, RuntimeError) as exc:  # links in a circle (RuntimeError before Python 3.13)
        raise BadValue(f'parameter "{name}": {quoted(str(path))} can\'t be followed ({exc}); give another path') from None
    if not real.is_relative_to(folder):
        raise BadValue(f'parameter "{name}": {quoted(str(path))} leads out of {under} by a symbolic link; give another path')
    return str(real)

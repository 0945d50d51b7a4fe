"""Where pydantic's locations are in a model: the key that a person would look for, and what else may stand there."""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

Loc = Sequence[int | str]


def key_of(model: type[BaseModel] | None, loc: Loc, prefix: str = "") -> str:
    """The dotted key; items of a list are counted from 1. What pydantic adds about branches of a union is left out.

    Without the model, only those branches are known for what they are that have brackets in their names (`list[str]`).
    """
    key, place = prefix, _bare(model)
    for part in loc:
        if isinstance(part, int):
            key += f"[{part + 1}]"
        elif not _is_branch(place, part):
            key += f".{part}" if key else part
        place = _below(place, part)
    return key


def known_at(model: type[BaseModel] | None, loc: Loc) -> list[str]:
    """The keys that may stand at this place, as they are written in the file; none where the place has no model."""
    place = _bare(model)
    for part in loc:
        place = _below(place, part)
    if not _is_model(place):
        return []
    return [field.alias or name for name, field in place.model_fields.items()]


def _is_branch(place: Any, part: str) -> bool:
    """The part names no key of the file: it says which branch of a union refused, or that a key itself is meant."""
    return _is_union(place) or part == "[key]" or (place is None and ("[" in part or "(" in part))


def _below(place: Any, part: int | str) -> Any:
    """The annotation one step further down; None where it can't be told."""
    if _is_model(place):
        return next((_bare(f.annotation) for name, f in place.model_fields.items() if part in (name, f.alias)), None)
    if _is_union(place):
        return next((_bare(branch) for branch in get_args(place) if getattr(_bare(branch), "__name__", "") == part), None)
    arguments = [a for a in get_args(place) if a is not Ellipsis]
    return _bare(arguments[-1]) if arguments else None


def _bare(annotation: Any) -> Any:
    """The annotation without its metadata, and without the None of an optional value."""
    while True:
        wanted = [a for a in get_args(annotation) if a is not types.NoneType]
        if get_origin(annotation) is Annotated or (_is_union(annotation) and len(wanted) == 1):
            annotation = wanted[0]
        else:
            return annotation


def _is_union(place: Any) -> bool:
    return get_origin(place) in (Union, types.UnionType)


def _is_model(place: Any) -> bool:
    return isinstance(place, type) and issubclass(place, BaseModel)

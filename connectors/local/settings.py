"""What the operator may say of a local table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field


def _separates(character: str) -> str:
    if len(character) != 1 or character.isalnum() or character in "\"'\r\n" or ord(character) < 9:
        raise ValueError(f'"{character}" cannot separate cells: give one character like ";", "," or "\\t"')
    return character


class LocalSettings(BaseModel, extra="forbid", frozen=True):
    """A CSV file on this machine."""

    path: Annotated[Path, Field(description="The CSV file; a relative path starts from the folder of rowd.toml.")]
    delimiter: Annotated[
        Annotated[str, AfterValidator(_separates)] | None,
        Field(description="What separates the cells of a line. Left out: told from the header line."),
    ] = None
    max_bytes: Annotated[int, Field(ge=1, description="A file larger than this is refused rather than read.")] = 64 * 1024 * 1024
    max_cells: Annotated[
        int, Field(ge=1, description="A file with more delimiters and line ends than this is refused: it would fill the memory.")
    ] = 3_000_000
    wait_for_editor: Annotated[
        bool,
        Field(description="Hold writes while the file is open in LibreOffice, which would ask its user which version to keep."),
    ] = True

"""Statements put together: of names that stand in our code, never of values. A value goes in by its own name, as `:name`.

A name is quoted where SQL has it as a word of its own, as the schema has it: "table", "key", "trigger", "by", "column".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def with_columns(sql: str, **columns: Sequence[str]) -> str:
    """The statement with each `{NAME}` replaced by these columns of NAME, which is a table, or what the statement calls it."""
    return sql.format_map({name: ", ".join(f'{name}."{column}"' for column in each) for name, each in columns.items()})


def insert(table: str, columns: Sequence[str]) -> str:
    """One row, of the values that bear the columns' names."""
    names, values = ", ".join(f'"{column}"' for column in columns), ", ".join(f":{column}" for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({values})"  # noqa: S608 (both names are constants of our modules)


def upsert(table: str, columns: Sequence[str], key: Sequence[str]) -> str:
    """The same, in the place of the row that has this key."""
    unique = ", ".join(f'"{column}"' for column in key)
    taken = ", ".join(f'"{column}" = excluded."{column}"' for column in columns if column not in key)
    return f"{insert(table, columns)} ON CONFLICT ({unique}) DO UPDATE SET {taken}"


def where(conditions: Mapping[str, bool]) -> str:
    """The clause that asks for all conditions that are wanted; "" for none."""
    wanted = [condition for condition, is_wanted in conditions.items() if is_wanted]
    return f" WHERE {' AND '.join(wanted)}" if wanted else ""

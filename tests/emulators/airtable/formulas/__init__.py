"""Airtable's formula language: read (`parse`), given a meaning (`evaluate`), with its functions."""

from __future__ import annotations

from tests.emulators.airtable.formulas.evaluate import Formula, Row, compiled
from tests.emulators.airtable.formulas.parse import BadFormula
from tests.emulators.airtable.formulas.values import FormulaError, Moment

__all__ = ["BadFormula", "Formula", "FormulaError", "Moment", "Row", "compiled"]

"""How the locales that are emulated write numbers, dates and truth. Others are refused with 501 where it would matter."""

from __future__ import annotations

from typing import NamedTuple

from tests.emulators.core.exchange import NotEmulated


class Locale(NamedTuple):
    """order: of day, month and year in a date.   between: what stands between them."""

    decimal: str
    group: str
    order: str
    between: str
    yes: str
    no: str
    currency: str

    @property
    def date(self) -> str:
        words = {"M": "M", "d": "d", "y": "yyyy"} if self.order == "Mdy" else {"M": "MM", "d": "dd", "y": "yyyy"}
        return self.between.join(words[letter] for letter in self.order)


LOCALES = {
    "en_US": Locale(".", ",", "Mdy", "/", "TRUE", "FALSE", "$"),
    "en_GB": Locale(".", ",", "dMy", "/", "TRUE", "FALSE", "£"),
    "en_AU": Locale(".", ",", "dMy", "/", "TRUE", "FALSE", "$"),
    "de_DE": Locale(",", ".", "dMy", ".", "WAHR", "FALSCH", "€"),
    "fr_FR": Locale(",", "\u202f", "dMy", "/", "VRAI", "FAUX", "€"),
    "es_ES": Locale(",", ".", "dMy", "/", "VERDADERO", "FALSO", "€"),
    "it_IT": Locale(",", ".", "dMy", "/", "VERO", "FALSO", "€"),
    "nl_NL": Locale(",", ".", "dMy", "-", "WAAR", "ONWAAR", "€"),
    "pt_PT": Locale(",", " ", "dMy", "/", "VERDADEIRO", "FALSO", "€"),
    "pt_BR": Locale(",", ".", "dMy", "/", "VERDADEIRO", "FALSO", "R$"),
    "pl_PL": Locale(",", "\xa0", "dMy", ".", "PRAWDA", "FAŁSZ", "zł"),
    "sv_SE": Locale(",", "\xa0", "yMd", "-", "SANT", "FALSKT", "kr"),
    "ja_JP": Locale(".", ",", "yMd", "/", "TRUE", "FALSE", "¥"),
}


def locale(name: str) -> Locale:
    """Raises NotEmulated."""
    if name not in LOCALES:
        raise NotEmulated(f"the locale {name}")
    return LOCALES[name]

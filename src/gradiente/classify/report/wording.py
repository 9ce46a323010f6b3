"""The words and the numbers of reports and charts, in English and Spanish."""

from __future__ import annotations

from collections.abc import Mapping

from gradiente.classify.problems import SettingsError
from gradiente.classify.report.wording_en import ENGLISH
from gradiente.classify.report.wording_es import SPANISH

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "es": SPANISH}


class Words(dict[str, str]):
    """The words of a language by their keys, and how it writes numbers."""

    def number(self, value: float, digits: int = 0) -> str:
        r"""A number with so many digits behind the point.

        >>> words("es").number(12345.5, 1)
        '12\u202f345,5'
        """
        text = f"{value:,.{digits}f}"
        if self["lang"] == "es":
            # Four digits stay together, as the RAE has it.
            text = text.replace(",", "\u202f" if abs(value) >= 10_000 else "").replace(".", ",")
        return text

    def percent(self, proportion: float, digits: int = 1) -> str:
        r"""A proportion in per cent.

        >>> words("en").percent(0.5)
        '50.0\xa0%'
        """
        return f"{self.number(100 * proportion, digits)}\u00a0%"


def words(lang: str) -> Words:
    """The words of a language, ``"en"`` or ``"es"``.

    Raises:
        SettingsError: it is another one.
    """
    if lang not in LANGUAGES:
        raise SettingsError(f"Reports are written in {' and '.join(LANGUAGES)}, not in {lang!r}.")
    return Words(LANGUAGES[lang])

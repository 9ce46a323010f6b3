"""The words of reports and charts, in English and Spanish."""

from __future__ import annotations

from collections.abc import Mapping

from gradiente.classify.problems import SettingsError
from gradiente.classify.report.wording_en import ENGLISH
from gradiente.classify.report.wording_es import SPANISH
from gradiente.images.wording import Words

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "es": SPANISH}


def words(lang: str) -> Words:
    """The words of a language, ``"en"`` or ``"es"``.

    Raises:
        SettingsError: it is another one.
    """
    if lang not in LANGUAGES:
        raise SettingsError(f"Reports are written in {' and '.join(LANGUAGES)}, not in {lang!r}.")
    return Words(LANGUAGES[lang])

"""What is said about images, in English and Spanish: words by key, with values that each language writes its own way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

from gradiente.images.wording_en import ENGLISH
from gradiente.images.wording_es import SPANISH

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "es": SPANISH}
"""The words by language."""

Value: TypeAlias = "str | float | Sequence[str]"
"""What a phrase tells of: text, a number, or several things of which the first are named. Text may be a phrase itself."""

_ONE = "_one"
"""Behind a key: how it is said of a single thing, where that differs."""


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

    def some(self, items: Sequence[str], most: int = 3) -> str:
        """The first of the items, and how many more there are.

        >>> words("es").some(["a", "b", "c", "d", "e"])
        'a, b, c y 2 más'
        """
        shown = ", ".join(self.text(item) for item in items[:most])
        if len(items) <= most:
            return shown
        return self["and_more"].format(shown=shown, count=self.number(len(items) - most))

    def say(self, key: str, **values: Value) -> str:
        """The words of a key with values; in the singular, where ``count`` is 1 and there are words for that.

        >>> words("en").say("unnamed", count=2000, file="labels.csv", names=["a.png", "b.png", "c.png", "d.png"])
        'Left out 2,000 images that labels.csv does not name: a.png, b.png, c.png and 1 more.'
        """
        if values.get("count") == 1 and key + _ONE in self:
            key += _ONE
        return self[key].format(**{name: self._value(value) for name, value in values.items()})

    def text(self, said: str) -> str:
        """A phrase in this language; other text as it is."""
        return words(self["lang"]).say(said.key, **said.values) if isinstance(said, Phrase) else said

    def _value(self, value: Value) -> str:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int | float):
            return self.number(value, 0 if isinstance(value, int) else 1)
        return self.some(value)


@cache
def words(lang: str) -> Words:
    """The words about images in a language of ``LANGUAGES``."""
    return Words(LANGUAGES[lang])


class Phrase(str):
    """Something said about images: a string in English, which ``Words.text`` says in another language.

    Args:
        key: of the words.
        **values: what they tell of.

    >>> layout = Phrase("layout_categories", file="labels.csv")
    >>> print(layout)
    images with categories in labels.csv
    >>> words("es").text(layout)
    'imágenes con sus categorías en labels.csv'
    """

    key: str
    values: dict[str, Value]

    def __new__(cls, key: str, **values: Value) -> Phrase:
        made = super().__new__(cls, words("en").say(key, **values))
        made.key, made.values = key, values
        return made

    def as_json(self) -> dict[str, Any]:
        """What ``from_json`` makes it of again; phrases inside it become text."""
        return {"key": self.key, "values": self.values, "text": str(self)}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Phrase:
        """A phrase that was saved.

        Raises:
            KeyError, TypeError: it was not saved by ``as_json``.

        >>> print(Phrase.from_json(Phrase("chosen_small_few", side=32).as_json()))
        cnn: the images are small (32 pixels) and few.
        """
        return cls(saved["key"], **saved["values"])

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """For copies."""
        return (self.key,), self.values

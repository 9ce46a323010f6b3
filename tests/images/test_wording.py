from __future__ import annotations

import copy
import json
import re
import string
from pathlib import Path

from gradiente.images import kinds
from gradiente.images.wording import LANGUAGES, Phrase, words

SOURCE = Path(kinds.__file__).parents[1]


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_words_with_the_same_values():
    english, spanish = LANGUAGES["en"], LANGUAGES["es"]
    assert english.keys() == spanish.keys()
    for key, text in english.items():
        assert fields(text) == fields(spanish[key]), key
        assert text != spanish[key] or key in ("source", "of_part", "file"), key
    for key in english:
        if key.endswith("_one"):
            assert fields(english[key]) <= fields(english[key.removesuffix("_one")])


def test_every_phrase_that_is_said_has_words():
    said = {
        key
        for path in SOURCE.rglob("*.py")
        for key in re.findall(r'Phrase\(\s*"(\w+)"', path.read_text("utf-8"))
    }
    assert len(said) > 30
    assert said <= LANGUAGES["en"].keys()
    assert {key for _, _, key in kinds._OTHERS} <= LANGUAGES["en"].keys()


def test_a_phrase_is_english_and_knows_its_spanish_with_all_that_is_in_it():
    phrase = Phrase(
        "of_part",
        part="valid",
        note=Phrase("unnamed", file="a.csv", count=12345, names=["ñ 1.png", "2", "3", "4"]),
    )
    assert phrase == "valid: Left out 12,345 images that a.csv does not name: ñ 1.png, 2, 3 and 1 more."
    spanish = "valid: Quedan fuera 12\u202f345 imágenes que a.csv no nombra: ñ 1.png, 2, 3 y 1 más."
    assert words("es").text(phrase) == spanish
    assert words("es").text("plain") == "plain"
    for copied in (copy.copy(phrase), copy.deepcopy(phrase)):
        assert (copied, words("es").text(copied)) == (phrase, spanish)
    assert json.loads(json.dumps([phrase])) == [str(phrase)]


def test_of_a_single_thing_it_speaks_in_the_singular():
    one = Phrase("classes_differ", count=1, examples=["a (x) = b (y)"])
    assert one == "A group of these has different classes, one of which must be wrong: a (x) = b (y)."
    assert words("es").text(one).startswith("Un grupo de estas imágenes lleva clases distintas")


def test_braces_in_names_are_only_names():
    assert (
        Phrase("file", name="{count}{0}.png", reason=Phrase("reason_empty"))
        == "{count}{0}.png: the file is empty"
    )

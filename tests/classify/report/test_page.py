"""The report needs nothing but itself, tells what there is to tell, and lets no name in the data do harm."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gradiente.classify.evaluation.scores import score
from gradiente.classify.learning.training import Epoch, Job, Trained
from gradiente.classify.model.classifier import Classifier
from gradiente.classify.model.description import Description
from gradiente.classify.model.graph import Preprocessing, inference_graph
from gradiente.classify.networks import find_network
from gradiente.classify.preparation.datasets import Dataset, Part
from gradiente.classify.report.findings import _sketch, look
from gradiente.classify.report.inside import Inside
from gradiente.classify.report.page import report
from gradiente.classify.report.pictures import overlaid, signed, thumbnail
from gradiente.classify.report.suspects import find_suspects, out_of_fold
from gradiente.classify.report.wording import LANGUAGES, words
from gradiente.classify.settings import Settings
from gradiente.images.loading import Unreadable
from gradiente.images.wording import Phrase

SHAPE = (12, 12, 3)
EVIL = '<script>alert("1")</script>'


def classifier(name: str, shape=SHAPE, classes=("cat", EVIL)) -> Classifier:
    graph_def = inference_graph(
        find_network(name), shape, len(classes), Preprocessing((0.0,) * shape[2], (255.0,) * shape[2])
    )
    rng = np.random.default_rng(0)
    weights = {
        n.name: rng.normal(0, 0.2, [d.size for d in n.attr["shape"].shape.dim]).astype("f4")
        for n in graph_def.node
        if n.op == "VariableV2"
    }
    return Classifier.made(Description(classes, *shape, name), graph_def, weights)


@pytest.fixture(scope="module")
def data() -> Dataset:
    rng = np.random.default_rng(0)

    def part(name: str, n: int) -> Part:
        labels = (np.arange(n) % 2).astype(np.int32)
        images = (rng.integers(0, 100, (n, *SHAPE)) + 120 * labels[:, None, None, None]).astype(np.uint8)
        return Part(images, labels, [f"{name}/{EVIL}-{i}.png" for i in range(n)])

    parts = {"train": part("train", 24), "validation": part("validation", 8), "test": part("test", 10)}
    return Dataset(("cat", EVIL), parts, "a folder", (EVIL,))


def html(data: Dataset, model: Classifier, lang: str, test_part: Part | None = None) -> str:
    if test_part is not None:
        data = replace(data, parts={**data.parts, "test": test_part})
    test = data.parts["test"]
    probabilities = model.probabilities(test.images)
    history = tuple(Epoch(i, i, 1 / i, 0.5, 1 / i, 0.5, 1.0, 10.0) for i in (1, 2, 3))
    trained = Trained(model, history, history[2], None, False, 3.0)
    job = Job(data, find_network("softmax"), Settings(), (Phrase("chosen_small_few", side=12),))
    return report(job, trained, score(data.classes, test.labels, probabilities), probabilities, lang)


@pytest.mark.parametrize("lang", ["en", "es"])
def test_everything_is_in_it_and_nothing_from_elsewhere(data, lang):
    page = html(data, classifier("cnn"), lang)
    for key in ("curves", "confusion", "classes", "calibration", "mistakes", "suspects", "inside", "looked", "filters",
                "notes", "settings"):  # fmt: skip
        assert f"<h2>{words(lang)[key]}</h2>" in page, key
    assert page.count("<script") == 2
    assert "<script>alert" not in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    script = re.search(r"<script>(.*)</script></body>", page, re.S)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    stored = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])
    pictures = {int(at) for at in re.findall(r'data-image="(\d+)"', page)}
    assert pictures <= set(range(len(stored["images"])))
    assert set(re.findall(r'data-cell="(.*?)"', page)) == set(stored["cells"])
    assert sum(map(len, stored["cells"].values())) == 10


def test_what_it_tells_of_the_data_is_in_its_language(data):
    notes = (
        Phrase("missing", file="a.csv", count=3, names=["x.png", "y.png", "z.png"]),
        Phrase("few_for_test", classes=[Phrase("class_has", name="'cat'", number=1)]),
    )
    reason = Phrase("reason_damaged", why="image file is truncated")
    told = replace(
        data,
        source=Phrase(
            "source", root="fotos", layout=Phrase("layout_split_column", file="a.csv", column="split")
        ),
        notes=notes,
        unreadable=(Unreadable(Path("cat/b.png"), reason),),
    )
    spanish = html(told, classifier("softmax"), "es")
    assert "<dt>Por qué</dt><dd>cnn: las imágenes son pequeñas (12 píxeles) y pocas.</dd>" in spanish
    for text in (
        "con fotos: imágenes con sus categorías en a.csv, repartidas según su columna split",
        "a.csv nombra 3 imágenes que no existen: x.png, y.png, z.png.",
        "Clases con pocas imágenes de prueba: &#x27;cat&#x27; tiene 1.",
        "cat/b.png: está dañado (image file is truncated)",
    ):
        assert text in spanish
    english = html(told, classifier("softmax"), "en")
    for phrase in (told.source, *notes, reason):
        assert escape(phrase) in english
        assert escape(phrase) not in spanish
    for sentence in ("The settings of this run", " and ", "images", "which"):
        assert sentence not in re.sub(
            r"<style>.*?</style>|<script.*?</script>|<[^>]*>|<pre>.*?</pre>", "", spanish, flags=re.S
        )


def test_labels_are_checked_with_what_never_learnt_them(data):
    model = classifier("softmax")
    test = data.parts["test"]
    probabilities = model.probabilities(test.images)
    known = {name: np.eye(2)[data.parts[name].labels] + 0.01 for name in ("train", "validation")}
    known["train"][3] = known["train"][4]
    found = look(model, data, probabilities, known).checked
    assert found is not None
    assert (found.unlearnt, found.count) == (True, 32)
    assert [found.images[s.index] for s in found.suspects] == [("train", 3)]
    useless = {name: np.ones((len(data.parts[name]), 3)) for name in known}
    assert not look(model, data, probabilities, useless).checked.unlearnt


def test_a_copy_does_not_tell_the_label():
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(4) % 2, 10)
    noise = rng.normal(size=(40, 60))
    doubled, twice = np.concatenate([noise, noise]), np.concatenate([labels, labels])
    known = out_of_fold(doubled, twice, 2).argmax(1) == twice
    honest = out_of_fold(doubled, twice, 2, pictures=np.tile(np.arange(40), 2)).argmax(1) == twice
    assert known.mean() > 0.85
    assert honest.mean() < 0.75


def test_a_report_without_test_images(data):
    empty = Part(np.zeros((0, *SHAPE), np.uint8), np.zeros(0, np.int32), [])
    assert words("en")["no_test"] in html(data, classifier("softmax"), "en", empty)


def test_the_languages_have_the_same_words():
    english, spanish = LANGUAGES["en"], LANGUAGES["es"]
    assert english.keys() == spanish.keys()
    for key, text in english.items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", spanish[key])), key
    assert words("es").number(1234.5, 1) == "1234,5"


def test_where_a_linear_network_looked_is_what_its_weights_say(data):
    """For softmax regression, logit = Σ x·w: what an image's places add to it is known."""
    model = classifier("softmax")
    image = data.parts["test"].images[:1]
    inside = Inside(model)
    (found,) = inside.attention(image, np.array([1]))
    weights = model.weights["weights"].reshape(*SHAPE, 2)[..., 1]
    expected = np.maximum((image[0] / 255 * weights).sum(2), 0)
    np.testing.assert_allclose(found, expected / expected.max(), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(inside.filters(), model.weights["weights"].T.reshape(2, *SHAPE))
    assert inside.features().startswith("Reshape")
    inside.close()


def test_the_layers_of_a_convolutional_network(data):
    inside = Inside(classifier("cnn"))
    layers = inside.layers(data.parts["test"].images[0])
    assert [layer.kind for layer in layers] == [
        "CONV",
        "POOL",
        "RELU",
        "CONV",
        "POOL",
        "RELU",
        "FC",
        "RELU",
        "FC",
    ]
    assert layers[0].values.shape[:2] == (12, 12)
    assert inside.filters().shape[1:] == (5, 5, 3)
    assert inside.attention(data.parts["test"].images[:2], np.array([0, 1])).shape == (2, 3, 3)
    inside.close()


def test_images_labelled_wrong_are_found():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 300)
    features = rng.normal(size=(300, 8)) + 7 * np.eye(8)[labels]
    given = labels.copy()
    given[:6] = (labels[:6] + 1) % 3
    found = find_suspects(out_of_fold(features, given, 3), given)
    right = [s for s in found if s.index < 6]
    assert len(right) >= 5
    assert len(found) <= 8
    assert [s.suggested for s in right] == [labels[s.index] for s in right]
    assert find_suspects(np.zeros((0, 3)), np.zeros(0, int)) == []


def test_pictures():
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    assert thumbnail(grey).startswith("data:image/png;base64,")
    large = np.zeros((300, 200, 3), np.uint8)
    assert thumbnail(large).startswith("data:image/webp;base64,")
    content = base64.b64decode(thumbnail(large).partition(",")[2])
    import io

    assert Image.open(io.BytesIO(content)).size == (64, 96)
    assert overlaid(large, np.ones((3, 2), np.float32)).startswith("data:image/webp")
    picture = signed(np.array([[[1.0], [-1.0], [0.0]]]))
    assert picture.tolist() == [[[178, 24, 43], [33, 102, 172], [247, 247, 247]]]


def test_many_classes_and_images_stay_small():
    rng = np.random.default_rng(0)
    n, classes, shape = 1500, 80, (64, 64, 3)
    labels = rng.integers(0, classes, n).astype(np.int32)
    images = rng.integers(0, 256, (n, *shape), np.uint8)
    part = Part(images, labels, [f"{i}.png" for i in range(n)])
    few = Part(images[:8], labels[:8], part.names[:8])
    names = tuple(f"class {i}" for i in range(classes))
    model = classifier("softmax", shape, names)
    page = html(Dataset(names, {"train": few, "validation": few, "test": part}, "noise"), model, "en")
    assert len(page) < 5_000_000
    assert words("en")["confusion_pairs"] in page


def test_a_sketch_of_many_features_keeps_what_tells_classes_apart():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    features = rng.normal(size=(60, 20_000)) + 0.3 * labels[:, None] * rng.choice([-1, 1], 20_000)
    small = _sketch(features)
    assert small.shape == (60, 512)
    right = out_of_fold(small, labels, 2).argmax(1) == labels
    assert right.mean() > 0.9
    assert _sketch(features[:, :100]).shape == (60, 100)

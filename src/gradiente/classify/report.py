"""The report of a run: one HTML file that needs no other and no network."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from gradiente.classify.charts import curves
from gradiente.classify.datasets import Dataset
from gradiente.classify.scores import Scores
from gradiente.classify.settings import Settings
from gradiente.classify.training import Trained
from gradiente.classify.wording import words as words_of

_MOST_MISTAKES = 40

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""The page loads nothing, and names in it can't bring a script along."""

_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 900px; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.2rem; margin-top: 2rem }
table { border-collapse: collapse } td, th { padding: .2rem .6rem; text-align: right }
th { font-weight: 600 } th:first-child, td:first-child { text-align: left }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem } dt { color: #888 } dd { margin: 0 }
.accuracy { font-size: 2.4rem; font-weight: 650 } .wide { overflow-x: auto } .small { color: #888 }
.matrix td { min-width: 2.2rem; text-align: center } .matrix thead th { text-align: center }
.mistakes { display: flex; flex-wrap: wrap; gap: 1rem } figure { margin: 0; width: 110px }
figure img { width: 96px; height: 96px; object-fit: contain; image-rendering: pixelated; background: #8882 }
figcaption { font-size: .8rem; overflow-wrap: anywhere } svg { max-width: 100%; height: auto } pre { overflow-x: auto }
"""


@dataclass(frozen=True)
class Mistake:
    """A test image that was classified wrong.

    Attributes:
        name: the image.
        label: the right class.
        predicted: the class that was predicted.
        probability: its probability.
        pixels: the image, uint8 ``[height, width, channels]``.
    """

    name: str
    label: str
    predicted: str
    probability: float
    pixels: npt.NDArray[np.uint8]


def mistakes(
    data: Dataset, probabilities: npt.NDArray[np.float32], most: int = _MOST_MISTAKES
) -> list[Mistake]:
    """The test images about which the classifier was wrong, the surest first."""
    part = data.parts["test"]
    names: list[str] = [data.classes[i] for i in probabilities.argmax(1).tolist()]
    sure = probabilities.max(1)
    wrong = np.flatnonzero(probabilities.argmax(1) != part.labels)
    chosen: list[int] = wrong[np.argsort(-sure[wrong], kind="stable")][:most].tolist()
    return [
        Mistake(
            str(part.names[i]), data.classes[int(part.labels[i])], names[i], float(sure[i]), part.images[i]
        )
        for i in chosen
    ]


def report(
    data: Dataset,
    settings: Settings,
    trained: Trained,
    test: Scores,
    probabilities: npt.NDArray[np.float32],
    lang: str = "en",
) -> str:
    """The report as HTML.

    Args:
        data: the examples.
        settings: of the run.
        trained: the outcome of training.
        test: the scores on the test part.
        probabilities: what was predicted for the test part.
        lang: ``"en"`` or ``"es"``.
    """
    words = words_of(lang)
    title = words["title"].format(classes=len(data.classes))
    low, high = test.interval
    interval = words["interval"].format(
        low=100 * low, high=100 * high, correct=test.correct, count=test.count
    )
    sections = [
        f"<h1>{escape(title)}</h1>",
        f'<p><span class="accuracy">{100 * test.accuracy:.2f} %</span><br>{words["test_accuracy"]}: {interval}</p>',
        _facts(data, settings, trained, words),
        f"<h2>{words['curves']}</h2>{curves(trained.history, words)}",
        _classes(test, words),
        _confusion(test, words),
        _mistakes(mistakes(data, probabilities), words),
        _list(words["notes"], data.notes),
        _list(words["unreadable"], [f"{u.path}: {u.reason}" for u in data.unreadable]),
        f"<h2>{words['settings']}</h2><pre>{escape(settings.as_toml())}</pre>",
    ]
    return (
        f'<!DOCTYPE html>\n<html lang="{words["lang"]}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<style>{_STYLE}</style></head><body>\n" + "\n".join(filter(None, sections)) + "\n</body></html>\n"
    )


def _facts(data: Dataset, settings: Settings, trained: Trained, words: Mapping[str, str]) -> str:
    count = sum(value.size for value in trained.classifier.weights.values())
    speed = trained.images_per_second
    best = trained.best.epoch if trained.best else 0
    height, width, channels = data.shape
    rows = [
        (words["data"], data.source),
        (words["images"], words["parts"].format(**{name: len(part) for name, part in data.parts.items()})),
        (
            words["network"],
            f"{settings.model}, {height}×{width}×{channels}, {words['parameters'].format(count=count)}",
        ),
        (
            words["training"],
            words["trained"].format(
                epochs=len(trained.history), seconds=trained.seconds, speed=speed, best=best
            ),
        ),
    ]
    return "<dl>" + "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in rows) + "</dl>"


def _classes(test: Scores, words: Mapping[str, str]) -> str:
    head = "".join(
        f"<th>{escape(h)}</th>"
        for h in (words["class"], words["precision"], words["recall"], "F1", words["images"])
    )
    rows = "".join(
        f"<tr><td>{escape(r['class'])}</td><td>{_percent(r['precision'])}</td><td>{_percent(r['recall'])}</td>"
        f"<td>{_percent(r['f1'])}</td><td>{r['count']:,}</td></tr>"
        for r in test.per_class()
    )
    mean = f"<td>{escape(words['mean'])}</td><td></td><td></td><td>{_percent(test.macro_f1)}</td>"
    last = f"<tr>{mean}<td>{test.count:,}</td></tr>"
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}{last}</tbody></table>"
    return f"<h2>{words['classes']}</h2>{table}"


def _confusion(test: Scores, words: Mapping[str, str]) -> str:
    head = "<th></th>" + "".join(f"<th>{escape(name)}</th>" for name in test.classes)
    totals = np.maximum(test.confusion.sum(1), 1)
    rows: list[str] = []
    for i, name in enumerate(test.classes):
        cells = "".join(
            _cell(int(n), float(n / totals[i]), i == j) for j, n in enumerate(test.confusion[i].tolist())
        )
        rows.append(f"<tr><th>{escape(name)}</th>{cells}</tr>")
    return (
        f'<h2>{words["confusion"]}</h2><p class="small">{words["confusion_text"]}</p><div class="wide">'
        f'<table class="matrix"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _cell(count: int, share: float, right: bool) -> str:
    color = "42 111 187" if right else "217 60 43"
    shade = f' style="background: rgb({color} / {0.08 + 0.6 * share:.2f})"' if count else ""
    return f"<td{shade}>{f'{count:,}' if count else '·'}</td>"


def _mistakes(found: Sequence[Mistake], words: Mapping[str, str]) -> str:
    if not found:
        return f"<h2>{words['mistakes']}</h2><p>{words['no_mistakes']}</p>"
    figures = "".join(
        f'<figure><img alt="" src="data:image/png;base64,{_png(m.pixels)}"><figcaption>{escape(m.label)} → '
        f"<b>{escape(m.predicted)}</b> {100 * m.probability:.1f} %<br>"
        f'<span class="small">{escape(m.name)}</span></figcaption></figure>'
        for m in found
    )
    text = f'<p class="small">{words["mistakes_text"]}</p>'
    return f'<h2>{words["mistakes"]}</h2>{text}<div class="mistakes">{figures}</div>'


def _list(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return f"<h2>{title}</h2><ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def _percent(value: Any) -> str:
    return f"{100 * float(value):.1f} %"


def _png(pixels: npt.NDArray[np.uint8]) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode("ascii")

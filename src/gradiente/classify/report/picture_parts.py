"""The report's parts that are made of pictures: mistakes, likely label errors, the way through the network, filters."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from gradiente.classify.preparation.datasets import Dataset, Part
from gradiente.classify.report.findings import Checked, Findings
from gradiente.classify.report.inside import Layer
from gradiente.classify.report.pictures import maps, montage, overlaid, signed, thumbnail, units
from gradiente.images.wording import Words

_MOST_MISTAKES = 36
_MOST_FILTERS = 64
_CHANNELS_SHOWN = 10
_BARS = 6


class Store:
    """The page's pictures, each once, and which of them the cells of the matrix show."""

    def __init__(self) -> None:
        self.cells: dict[str, list[list[Any]]] = {}
        self._urls: list[str] = []
        self._known: dict[tuple[str, int], int] = {}

    def image(self, part: str, index: int, examples: Part) -> int:
        """The number under which the page finds an image of a part."""
        at = self._known.get((part, index))
        if at is None:
            at = self._known[part, index] = len(self._urls)
            self._urls.append(thumbnail(examples.images[index : index + 1][0]))
        return at

    def as_json(self) -> dict[str, Any]:
        """What the page's script reads."""
        return {"images": self._urls, "cells": self.cells}


def _figure(at: int, lines: Sequence[str], name: str) -> str:
    told = "<br>".join(lines)
    return (
        f'<figure><img alt="{escape(name)}" data-image="{at}" loading="lazy"><figcaption>{told}<br>'
        f'<span class="name">{escape(name)}</span></figcaption></figure>'
    )


def gallery(title: str, text: str, figures: Sequence[str], kind: str = "grid") -> str:
    """A section of figures."""
    return (
        f'<section><h2>{escape(title)}</h2><p class="text">{escape(text)}</p>'
        f'<div class="{kind}">{"".join(figures)}</div></section>'
    )


def mistakes(data: Dataset, probabilities: npt.NDArray[np.float32], words: Words, store: Store) -> str:
    """The test images about which the classifier was wrong, the surest first."""
    part = data.parts["test"]
    if not len(part):
        return ""
    guesses, sure = probabilities.argmax(1), probabilities.max(1)
    wrong = np.flatnonzero(guesses != part.labels)
    chosen: list[int] = wrong[np.argsort(-sure[wrong], kind="stable")][:_MOST_MISTAKES].tolist()
    if not chosen:
        return gallery(words["mistakes"], words["no_mistakes"], ())
    figures = [
        _figure(
            store.image("test", i, part),
            (
                _taken_for(data.classes[int(part.labels[i])], data.classes[int(guesses[i])]),
                words.percent(float(sure[i])),
            ),
            str(part.names[i]),
        )
        for i in chosen
    ]
    return gallery(words["mistakes"], words["mistakes_text"], figures)


def _taken_for(label: str, guess: str) -> str:
    return f'{escape(label)} → <b class="wrong">{escape(guess)}</b>'


def suspects(data: Dataset, checked: Checked | None, words: Words, store: Store) -> str:
    """The images of training and validation that are likely labelled wrong."""
    if checked is None:
        return ""
    counts = {"count": words.number(checked.count), "total": words.number(checked.total)}
    if not checked.trustworthy:
        text = words["no_check"].format(accuracy=words.percent(checked.accuracy, 0))
        return gallery(words["suspects"], text, ())
    learnt = "" if checked.unlearnt else " " + words["suspects_learnt"]
    if not checked.suspects:
        return gallery(words["suspects"], words["no_suspects"].format(**counts) + learnt, ())
    figures: list[str] = []
    for suspect in checked.suspects:
        name, at = checked.images[suspect.index]
        part = data.parts[name]
        label = words["labelled"].format(label=data.classes[suspect.label])
        like = words["looks_like"].format(label=data.classes[suspect.suggested])
        lines = (escape(label), f'<b class="wrong">{escape(like)}</b> {words.percent(suspect.probability)}')
        figures.append(_figure(store.image(name, at, part), lines, str(part.names[at])))
    return gallery(words["suspects"], words["suspects_text"].format(**counts) + learnt, figures)


def way(
    data: Dataset, found: Findings, probabilities: npt.NDArray[np.float32], words: Words, store: Store
) -> str:
    """The course's figure: what each layer sees in an image, and the class bars beside it."""
    if found.example is None or not found.layers:
        return ""
    part, row = data.parts["test"], probabilities[found.example]
    at = store.image("test", found.example, part)
    label = escape(data.classes[int(part.labels[found.example])])
    picture = (
        f'<div class="picture"><div class="kind">{escape(words["input"])}</div><img alt="{label}" data-image="{at}">'
        f"<figcaption>{label}</figcaption></div>"
    )
    columns = [picture]
    columns += [
        f'<div><div class="kind">{escape(layer.kind)}<br>{_size(layer)}</div>'
        f'<img class="pixels" alt="{escape(layer.name)}" src="{_picture(layer)}"></div>'
        for layer in found.layers[: -1 if found.layers[-1].values.ndim == 1 else None]
    ]
    order: list[int] = np.argsort(-row, kind="stable")[:_BARS].tolist()
    bars = "".join(
        f'<div><span title="{escape(data.classes[i])}">{escape(data.classes[i])}</span>'
        f'<u><i style="width:{100 * float(row[i]):.1f}%"></i></u><em>{words.percent(float(row[i]))}</em></div>'
        for i in order
    )
    columns.append(f'<div class="bars">{bars}</div>')
    return gallery(words["inside"], words["inside_text"], columns, "way")


def _size(layer: Layer) -> str:
    return "×".join(map(str, layer.values.shape))


def _picture(layer: Layer) -> str:
    return units(layer.values) if layer.values.ndim == 1 else maps(layer.values, _CHANNELS_SHOWN)


def looked(
    data: Dataset,
    found: Sequence[tuple[int, npt.NDArray[np.float32]]],
    probabilities: npt.NDArray[np.float32],
    words: Words,
    store: Store,
) -> str:
    """Test images, and where the network looked for the class that it named."""
    if not found:
        return ""
    part = data.parts["test"]
    figures: list[str] = []
    for i, attention in found:
        row = probabilities[i]
        label, guess = int(part.labels[i]), int(row.argmax())
        told = (
            f'<b class="right">{escape(data.classes[guess])}</b>'
            if label == guess
            else _taken_for(data.classes[label], data.classes[guess])
        )
        figures.append(
            f'<figure><div><img alt="" data-image="{store.image("test", i, part)}">'
            f'<img alt="" src="{overlaid(part.images[i : i + 1][0], attention)}"></div>'
            f"<figcaption>{told} {words.percent(float(row[guess]))}</figcaption></figure>"
        )
    return gallery(words["looked"], words["looked_text"], figures, "looked")


def filters(values: npt.NDArray[np.float32] | None, words: Words) -> str:
    """The first layer's weights as pictures."""
    if values is None:
        return ""
    count, height, width, depth = values.shape
    text = words["filters_text"].format(count=words.number(count), height=height, width=width)
    text += " " + words["filters_color" if depth == 3 else "filters_signed"]
    # Large ones, as a fully connected layer has, are made smaller.
    step = -(-max(height, width) // 64)
    shown = np.stack([signed(v) for v in values[:_MOST_FILTERS, ::step, ::step]])
    picture = f'<img class="pixels" alt="" src="{montage(shown, min(16, count))}">'
    return gallery(words["filters"], text, [picture], "filters")

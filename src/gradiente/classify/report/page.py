"""The report of a run: one HTML file that needs no other and no network."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from html import escape
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from gradiente.classify.evaluation.reliability import reliability
from gradiente.classify.evaluation.scores import Scores
from gradiente.classify.learning.training import Job, Trained
from gradiente.classify.preparation.datasets import Dataset
from gradiente.classify.report.charts import calibration, curves, themed
from gradiente.classify.report.findings import Findings, look
from gradiente.classify.report.matrix import confusion, per_class
from gradiente.classify.report.picture_parts import Store, filters, looked, mistakes, suspects, way
from gradiente.classify.report.wording import words as words_of
from gradiente.classify.settings import Settings
from gradiente.images.wording import Words

_MOST_LINES = 200


def report(
    job: Job,
    trained: Trained,
    test: Scores,
    probabilities: npt.NDArray[np.float32],
    lang: str = "en",
    findings: Findings | None = None,
) -> str:
    """The report as HTML.

    Args:
        job: what was trained, with what.
        trained: the outcome of training.
        test: the scores on the test part.
        probabilities: what was predicted for the test part.
        lang: ``"en"`` or ``"es"``.
        findings: what is told beyond the scores; worked out without it.
    """
    words, data = words_of(lang), job.data
    found = findings or look(trained.classifier, data, probabilities, trained.frozen or None)
    store = Store()
    title = words["title"].format(classes=words.number(len(data.classes)))
    sections = "\n".join(_sections(job, trained, test, probabilities, found, words, store))
    script = files("gradiente.classify.report").joinpath("page.js").read_text("utf-8")
    style = files("gradiente.classify.report").joinpath("page.css").read_text("utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="{words["lang"]}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">'
        f"<style>{style}</style></head><body><main>\n{_header(title, data, job.settings, words)}\n{sections}\n"
        f"<footer>{escape(words['made_with'].format(version=version('gradiente')))}</footer></main>\n"
        f'<script type="application/json" id="data">{_as_script(store.as_json())}</script>\n'
        f"<script>{script}</script></body></html>\n"
    )


def _policy(script: str) -> str:
    """The page loads nothing and runs this script alone: names in it can't bring another one along."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def _as_script(value: Any) -> str:
    """JSON that can stand inside a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _header(title: str, data: Dataset, settings: Settings, words: Words) -> str:
    subtitle = words["subtitle"].format(network=settings.model, data=words.text(data.source))
    return (
        f'<header><div><h1>{escape(title)}</h1><span class="label">{escape(subtitle)}</span></div>'
        f'<button id="theme" title="{escape(words["theme"])}" aria-label="{escape(words["theme"])}">◐</button></header>'
    )


def _sections(
    job: Job,
    trained: Trained,
    test: Scores,
    probabilities: npt.NDArray[np.float32],
    found: Findings,
    words: Words,
    store: Store,
) -> Iterator[str]:
    data = job.data
    part = data.parts["test"]
    yield _hero(test, words, trained, data)
    if len(trained.history) > 1:  # a single point is no curve
        yield _section(words["curves"], words["curves_text"], themed(curves(trained.history, words)))
    yield confusion(test, part, probabilities, words, store)
    temperature = words.number(trained.classifier.description.temperature, 2)
    chart = themed(calibration(reliability(probabilities, part.labels), words))
    yield '<div class="pair">'
    yield per_class(test, words)
    yield _section(words["calibration"], words["calibration_text"].format(temperature=temperature), chart)
    yield "</div>"
    yield mistakes(data, probabilities, words, store)
    yield suspects(data, found.checked, words, store)
    yield way(data, found, probabilities, words, store)
    yield looked(data, found.looked, probabilities, words, store)
    yield filters(found.filters, words)
    yield _facts(job, trained, words)
    yield _list(words["notes"], data.all_notes(), words)
    yield _list(words["unreadable"], [f"{u.path}: {words.text(u.reason)}" for u in data.unreadable], words)
    lines = [line for line in job.settings.as_toml().splitlines() if not line.startswith("#")]
    yield _section(words["settings"], words["settings_text"], f"<pre>{escape(chr(10).join(lines))}</pre>")


def _section(title: str, text: str, content: str) -> str:
    told = f'<p class="text">{escape(text)}</p>' if text else ""
    return f"<section><h2>{escape(title)}</h2>{told}{content}</section>"


def _hero(test: Scores, words: Words, trained: Trained, data: Dataset) -> str:
    if not test.count:
        return _section(words["test_accuracy"], words["no_test"], "")
    low, high = test.interval
    there = test.confusion.sum(1)
    text = words["interval"].format(
        low=words.percent(low), high=words.percent(high), correct=words.number(test.correct),
        count=words.number(test.count), common=test.classes[int(there.argmax())],
        share=words.percent(float(there.max() / test.count)),
    )  # fmt: skip
    weights = sum(value.size for value in trained.classifier.weights.values())
    cards = (
        (words.percent(test.macro_f1), words["macro_f1"], words["macro_f1_text"]),
        (words.percent(test.calibration_error), words["calibration_error"], words["calibration_error_text"]),
        (words.number(test.count), words["test_images"], words["test_images_text"]),
        (words.number(weights), words["weights"], "×".join(map(str, data.shape))),
    )
    numbers = "".join(
        f'<div><strong>{value}</strong>{escape(name)}<br><span class="label">{escape(told)}</span></div>'
        for value, name, told in cards
    )
    return (
        f'<section class="hero"><div><div class="label">{escape(words["test_accuracy"])}</div>'
        f'<div class="accuracy">{words.percent(test.accuracy, 2)}</div>'
        f'<div class="scale"><i style="left:{100 * low:.2f}%;width:{100 * (high - low):.2f}%"></i>'
        f'<b style="left:{100 * test.accuracy:.2f}%"></b></div><div class="ends"><span>0</span><span>100</span></div>'
        f'<div class="text" style="margin:0">{escape(text)}</div></div><div class="numbers">{numbers}</div></section>'
    )


def _facts(job: Job, trained: Trained, words: Words) -> str:
    data = job.data
    count = sum(value.size for value in trained.classifier.weights.values())
    best = trained.best.epoch if trained.best else 0
    parts = {name: words.number(len(part)) for name, part in data.parts.items()}
    rows = [
        (words["data"], words.text(data.source)),
        (words["images"], words["parts"].format(**parts)),
        (words["input"], "×".join(map(str, data.shape))),
        (words["network"], f"{job.settings.model}, {words['parameters'].format(count=words.number(count))}"),
        *((words["why"], words.text(reason)) for reason in job.reasons),
        (
            words["training"],
            words["trained" if len(trained.history) > 1 else "trained_at_once"].format(
                epochs=words.number(len(trained.history)), seconds=words.number(trained.seconds),
                speed=words.number(trained.images_per_second), best=best,
            ),
        ),
    ]  # fmt: skip
    return _section(
        words["data"], "",
        "<dl>" + "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in rows) + "</dl>",
    )  # fmt: skip


def _list(title: str, lines: Sequence[str], words: Words) -> str:
    if not lines:
        return ""
    shown = "".join(f"<li>{escape(words.text(line))}</li>" for line in lines[:_MOST_LINES])
    if len(lines) > _MOST_LINES:
        shown += (
            f"<li>{escape(words['more_lines'].format(count=words.number(len(lines) - _MOST_LINES)))}</li>"
        )
    return _section(title, "", f"<ul>{shown}</ul>")

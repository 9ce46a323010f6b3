"""The learning curves and the calibration as SVG pictures, which take the colours of the page that they are in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from gradiente.classify.evaluation.reliability import Bin
from gradiente.images.wording import Words

if TYPE_CHECKING:
    from gradiente.classify.learning.history import Epoch

_WIDTH, _HEIGHT = 420, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 34, 40
_COLORS = {"train": "#2a6fbb", "validation": "#d9692b"}
_INK, _MUTED, _LINE, _CARD = "#222222", "#5a5a5a", "#e3e3e3", "#ffffff"
_THEME = {
    _COLORS["train"]: "first",
    _COLORS["validation"]: "second",
    _INK: "ink",
    _MUTED: "muted",
    _LINE: "line",
    _CARD: "card",
}


def curves(history: Sequence[Epoch], words: Words) -> str:
    """Loss and accuracy by epoch, for training and validation, side by side.

    Args:
        history: the epochs.
        words: of the language, see ``wording``.

    Returns:
        A complete SVG document.
    """
    epochs = [row.epoch for row in history]
    loss = {"train": [row.loss for row in history], "validation": [row.validation_loss for row in history]}
    accuracy = {
        "train": [row.accuracy for row in history],
        "validation": [row.validation_accuracy for row in history],
    }
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * _WIDTH} {_HEIGHT}" width="{2 * _WIDTH}" '
        f'height="{_HEIGHT}" font-family="system-ui, sans-serif" font-size="12" fill="{_MUTED}">'
        f'<rect width="100%" height="100%" fill="{_CARD}"/>'
        + _panel(words["loss"], epochs, loss, words, 0)
        + _panel(words["accuracy"], epochs, accuracy, words, _WIDTH)
        + "</svg>\n"
    )


def _panel(
    title: str,
    epochs: Sequence[int],
    lines: Mapping[str, Sequence[float | None]],
    words: Words,
    offset: int,
) -> str:
    drawn = {name: values for name, values in lines.items() if any(v is not None for v in values)}
    known = [v for values in drawn.values() for v in values if v is not None]
    ticks = round_ticks(min(known, default=0.0), max(known, default=1.0))
    low, high = ticks[0], ticks[-1]

    def x(epoch: float) -> float:
        span = max(1, epochs[-1] - epochs[0]) if epochs else 1
        first = epochs[0] if epochs else 0
        return _LEFT + (epoch - first) / span * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [f'<g transform="translate({offset} 0)">']
    parts.append(
        f'<text x="{_LEFT}" y="16" font-size="14" font-weight="600" fill="{_INK}">{escape(title)}</text>'
    )
    for tick in ticks:
        at = y(tick)
        parts.append(f'<path d="M{_LEFT} {at:.1f}H{_WIDTH - _RIGHT}" stroke="{_LINE}"/>')
        parts.append(
            f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{_decimal(tick, words)}</text>'
        )
    every = max(1, math.ceil(len(epochs) / 10))
    below = _HEIGHT - _BOTTOM + 16
    parts += [f'<text x="{x(e):.1f}" y="{below}" text-anchor="middle">{e}</text>' for e in epochs[::every]]
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(
        f'<text x="{middle:.0f}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(words["epoch"])}</text>'
    )
    right = _WIDTH - _RIGHT
    for name, values in reversed(drawn.items()):
        points = [(x(e), y(v)) for e, v in zip(epochs, values, strict=True) if v is not None]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{_COLORS[name]}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{px:.1f}" cy="{py:.1f}" r="2.5" fill="{_COLORS[name]}"/>' for px, py in points
        ]
        parts.append(
            f'<text x="{right}" y="16" text-anchor="end" fill="{_COLORS[name]}">{escape(words[name])}</text>'
        )
        right -= 9 * len(words[name])
    return "".join(parts) + "</g>"


def themed(svg: str) -> str:
    """A picture whose colours are those of the page's theme, for use inside a page."""
    for color, name in _THEME.items():
        svg = svg.replace(f'"{color}"', f'"var(--{name})"')
    return svg


def calibration(rows: Sequence[Bin], words: Words) -> str:
    """How often predictions are right by how sure they are, beside the diagonal; larger dots stand for more images.

    Args:
        rows: the intervals that have images.
        words: of the language, see ``wording``.

    Returns:
        A complete SVG document.
    """
    side, left, bottom, top = 260, 48, 40, 12
    total = max(1, sum(row.count for row in rows))

    def x(value: float) -> float:
        return left + value * side

    def y(value: float) -> float:
        return top + (1 - value) * side

    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + side + 16} {top + side + bottom}" '
        f'width="{left + side + 16}" height="{top + side + bottom}" font-family="system-ui, sans-serif" '
        f'font-size="12" fill="{_MUTED}">'
    )
    parts = [head]
    for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        parts.append(f'<path d="M{x(0):.1f} {y(tick):.1f}H{x(1):.1f}" stroke="{_LINE}"/>')
        parts.append(f'<text x="{left - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{100 * tick:.0f}</text>')
        parts.append(
            f'<text x="{x(tick):.1f}" y="{y(0) + 17:.1f}" text-anchor="middle">{100 * tick:.0f}</text>'
        )
    parts.append(
        f'<path d="M{x(0)} {y(0)}L{x(1)} {y(1)}" stroke="{_MUTED}" stroke-dasharray="4 4" fill="none"/>'
    )
    width = side / 15 - 3
    for row in rows:
        middle = x((row.low + row.high) / 2)
        parts.append(
            f'<rect x="{middle - width / 2:.1f}" y="{y(row.accuracy):.1f}" width="{width:.1f}" '
            f'height="{max(0.5, y(0) - y(row.accuracy)):.1f}" rx="2" fill="{_COLORS["train"]}" '
            f'opacity="{0.18 + 0.4 * math.sqrt(row.count / total):.2f}"/>'
        )
    line = " ".join(f"{x(row.confidence):.1f},{y(row.accuracy):.1f}" for row in rows)
    parts.append(f'<polyline points="{line}" fill="none" stroke="{_COLORS["train"]}" stroke-width="1.5"/>')
    for row in rows:
        told = f"{100 * row.confidence:.0f} % → {100 * row.accuracy:.0f} % ({words.number(row.count)})"
        parts.append(
            f'<circle cx="{x(row.confidence):.1f}" cy="{y(row.accuracy):.1f}" '
            f'r="{2.5 + 7 * math.sqrt(row.count / total):.1f}" fill="{_COLORS["train"]}"><title>{told}</title></circle>'
        )
    parts.append(
        f'<text x="{x(0.5):.0f}" y="{top + side + bottom - 6}" text-anchor="middle">{escape(words["confidence"])} (%)</text>'
        f'<text transform="translate(12 {y(0.5):.0f}) rotate(-90)" text-anchor="middle">'
        f"{escape(words['right_share'])} (%)</text>"
    )
    return "".join(parts) + "</svg>\n"


def _decimal(value: float, words: Words) -> str:
    text = f"{value:.4g}"
    return text.replace(".", ",") if words["lang"] == "es" else text


def round_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers at equal distances that enclose ``low`` to ``high``, about ``count`` of them.

    >>> round_ticks(0.02, 0.43)
    [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    """
    span = max(high - low, 1e-6 * max(abs(low), abs(high)), 1e-9)
    power = 10.0 ** math.floor(math.log10(span / count))
    step = next(s * power for s in (1, 2, 5, 10) if s * power * count >= span)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if first == last:
        last += 1
    return [round(i * step, 12) for i in range(first, last + 1)]

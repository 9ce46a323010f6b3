"""The report's confusion matrix, whose cells show their images, and its table of classes."""

from __future__ import annotations

from html import escape

import numpy as np
import numpy.typing as npt

from gradiente.classify.evaluation.scores import Scores
from gradiente.classify.preparation.datasets import Part
from gradiente.classify.report.picture_parts import Store
from gradiente.images.wording import Words

_MOST_CLASSES = 60
_MOST_PAIRS = 60
_MOST_PICTURES = 360
_IN_A_CELL, _IN_A_RIGHT_CELL = 18, 6


def confusion(
    test: Scores, part: Part, probabilities: npt.NDArray[np.float32], words: Words, store: Store
) -> str:
    """The matrix; of very many classes, the pairs that were confused most."""
    if not test.count:
        return ""
    _keep_cells(test, part, probabilities, words, store)
    large = len(test.classes) > _MOST_CLASSES
    text = words["confusion_pairs" if large else "confusion_text"]
    content = _pairs(test, words) if large else _matrix(test, words)
    return (
        f'<section><h2>{escape(words["confusion"])}</h2><p class="text">{escape(text)}</p>{content}'
        '<div class="panel" id="panel" hidden aria-live="polite"></div></section>'
    )


def _keep_cells(
    test: Scores, part: Part, probabilities: npt.NDArray[np.float32], words: Words, store: Store
) -> None:
    """Keep pictures for the cells: those of mistakes first, and of each cell the surest."""
    guesses, sure = probabilities.argmax(1), probabilities.max(1)
    budget = _MOST_PICTURES
    for right in (False, True):
        cells = [tuple(c) for c in np.argwhere(test.confusion > 0).tolist() if (c[0] == c[1]) == right]
        each = max(1, min(_IN_A_RIGHT_CELL if right else _IN_A_CELL, budget // max(1, len(cells))))
        for row, column in sorted(cells, key=lambda c: -int(test.confusion[c])):
            here = np.flatnonzero((part.labels == row) & (guesses == column))
            chosen: list[int] = here[np.argsort(-sure[here], kind="stable")][: min(each, budget)].tolist()
            budget -= len(chosen)
            if chosen:
                store.cells[f"{row}-{column}"] = [
                    [store.image("test", i, part), str(part.names[i]), words.percent(float(sure[i]))]
                    for i in chosen
                ]


def _said(test: Scores, row: int, column: int, words: Words) -> str:
    """What a cell stands for."""
    count = int(test.confusion[row, column])
    key = "confusion_right" if row == column else "confusion_cell"
    return words[key].format(
        label=test.classes[row], predicted=test.classes[column], count=words.number(count)
    )


def _matrix(test: Scores, words: Words) -> str:
    head = "<td></td>" + "".join(f'<th scope="col">{escape(name)}</th>' for name in test.classes)
    totals = np.maximum(test.confusion.sum(1), 1)
    rows: list[str] = []
    for i, name in enumerate(test.classes):
        cells: list[str] = []
        for j, count in enumerate(test.confusion[i].tolist()):
            share = count / totals[i]
            if not count:
                cells.append("<td><span>·</span></td>")
                continue
            strong = ' class="strong"' if share > 0.5 else ""
            tone = "good" if i == j else "bad"
            cells.append(
                f'<td><button{strong} data-cell="{i}-{j}" title="{escape(_said(test, i, j, words))}" aria-pressed="false" '
                f'style="--tone:var(--{tone});--share:{0.08 + 0.87 * share:.2f}">{words.number(count)}</button></td>'
            )
        rows.append(f'<tr><th scope="row">{escape(name)}</th>{"".join(cells)}</tr>')
    body = "".join(rows)
    return f'<div class="wide"><table class="matrix"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _pairs(test: Scores, words: Words) -> str:
    wrong = test.confusion - np.diag(np.diag(test.confusion))
    order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_PAIRS]
    buttons = "".join(
        f'<button data-cell="{i}-{j}" aria-pressed="false" title="{escape(_said(test, i, j, words))}">'
        f"{escape(_said(test, i, j, words))}</button>"
        for i, j in (divmod(int(at), len(test.classes)) for at in order)
        if wrong[i, j]
    )
    return f'<div class="pairs">{buttons}</div>'


def per_class(test: Scores, words: Words) -> str:
    """Precision, recall, F1 and number of images of each class; a click on a heading sorts by it."""
    names = (words["class"], words["precision"], words["recall"], "F1", words["images"])
    head = "".join(f'<th scope="col" data-sort="up">{escape(name)}</th>' for name in names)
    rows: list[str] = []
    for row in test.per_class():
        cells = "".join(
            f'<td data-value="{row[key]:.6f}">{words.percent(row[key])}</td>'
            for key in ("precision", "recall")
        )
        rows.append(
            f'<tr><td data-value="{escape(row["class"])}">{escape(row["class"])}</td>{cells}'
            f'<td data-value="{row["f1"]:.6f}">{words.percent(row["f1"])}<span class="bar">'
            f'<i style="width:{100 * row["f1"]:.0f}%"></i></span></td>'
            f'<td data-value="{row["count"]}">{words.number(row["count"])}</td></tr>'
        )
    mean = (
        f"<tr><td>{escape(words['mean'])}</td><td></td><td></td><td>{words.percent(test.macro_f1)}"
        f'<span class="bar"><i style="width:{100 * test.macro_f1:.0f}%"></i></span></td>'
        f"<td>{words.number(test.count)}</td></tr>"
    )
    return (
        f'<section><h2>{escape(words["classes"])}</h2><p class="text">{escape(words["classes_text"])}</p>'
        f'<div class="wide"><table class="scores"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}{mean}</tbody>'
        "</table></div></section>"
    )

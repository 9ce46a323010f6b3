"""An audit as text, and as one HTML page with pictures that needs no other file and no network."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from gradiente.images.audit import IMBALANCED, Audit, Group
from gradiente.images.loading import Unreadable, UnreadableError
from gradiente.images.wording import Words
from gradiente.images.wording import words as words_of
from gradiente.images.workers import in_parallel

_SIDE = 96
_MOST_LINES = 10
_MOST_GROUPS = 60
_MOST_IN_A_GROUP = 12
_EXAMPLES = 8

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 960px; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; overflow-wrap: anywhere } h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse } td, th { padding: .2rem .6rem; text-align: right }
th:first-child, td:first-child { text-align: left } .bar { background: #2a6fbb; height: .7rem; display: inline-block }
td.bars { text-align: left }
.group { display: flex; flex-wrap: wrap; gap: .6rem; padding: .6rem 0; border-top: 1px solid #8884 }
figure { margin: 0; width: 100px } figcaption { font-size: .72rem; overflow-wrap: anywhere; line-height: 1.25 }
img { width: 96px; height: 96px; object-fit: contain; background: #8882 } .small { color: #888 }
.bad { color: #d93c2b } ul { padding-left: 1.2rem } li { overflow-wrap: anywhere }
"""


def as_text(found: Audit, lang: str = "en") -> str:
    """The findings as lines of text."""
    words, data = words_of(lang), found.collection
    names = data.names
    parts = _parts(found)
    rows = [[words["class"], *(words[p] for p in parts), words["all"]]]
    for name, by in found.counts.items():
        rows.append([name, *(words.number(by.get(p, 0)) for p in parts), words.number(sum(by.values()))])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    table: list[str] = []
    for row in rows:
        cells = [
            cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        table.append("  " + "  ".join(cells))
    lines = [_found(found, words), "", *table, ""]
    lines.append(f"{words['sizes']}: {_sizes(found, words)}")
    lines.append(
        f"{words['kinds']}: {', '.join(f'{words.text(kind)} {words.number(n)}' for kind, n in found.kinds.items())}."
    )
    if found.imbalance > IMBALANCED:
        lines.append(words.say("imbalance", ratio=found.imbalance))
    lines += [words.text(note) for note in found.notes]
    problems = [
        (words.say(key, count=len(files)), [f"{u.path}: {words.text(u.reason)}" for u in files])
        for key, files in (("unreadable", data.unreadable), ("odd", data.odd)) if files
    ]  # fmt: skip
    for key, groups in (("across", found.across), ("conflicting", found.conflicting)):
        if groups:
            problems.append((words.say(key, count=len(groups)), [_line(g, found, words) for g in groups]))
    if found.groups:
        problems.append((_duplicates(found, words), [_line(g, found, words) for g in found.groups]))
    for key, images in (("blank", found.blank), ("tiny", found.tiny)):
        if images:
            problems.append((words.say(key, count=len(images)), [names[i] for i in images]))
    for title, items in problems:
        lines += ["", f"{title}:", *(f"  {item}" for item in items[:_MOST_LINES])]
        if len(items) > _MOST_LINES:
            lines.append(f"  {words.say('more', count=len(items) - _MOST_LINES)}")
    if not problems and not found.notes:
        lines += ["", words["nothing"]]
    return "\n".join(lines) + "\n"


def as_page(found: Audit, lang: str = "en") -> str:
    """The findings as an HTML page."""
    words, data = words_of(lang), found.collection
    title = words.say("title", root=data.root.name or str(data.root))
    most = max(sum(by.values()) for by in found.counts.values())
    parts = _parts(found)
    head = "".join(
        f"<th>{escape(h)}</th>" for h in (words["class"], *(words[p] for p in parts), words["all"], "")
    )
    rows = "".join(
        f"<tr><td>{escape(name)}</td>{''.join(f'<td>{words.number(by.get(p, 0))}</td>' for p in parts)}"
        f"<td>{words.number(sum(by.values()))}</td>"
        f'<td class="bars"><span class="bar" style="width:{160 * sum(by.values()) / most:.0f}px"></span></td></tr>'
        for name, by in found.counts.items()
    )
    kinds = ", ".join(
        f"{escape(words.text(kind))}: {words.number(count)}" for kind, count in found.kinds.items()
    )
    notes = "".join(f"<li>{escape(words.text(note))}</li>" for note in found.notes)
    body = [
        f"<h1>{escape(title)}</h1><p>{escape(_found(found, words))}</p>",
        f"<h2>{words['classes']}</h2><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>",
        f"<p class='bad'>{words.say('imbalance', ratio=found.imbalance)}</p>"
        if found.imbalance > IMBALANCED
        else "",
        f"<h2>{words['notes']}</h2><ul>{notes}</ul>" if notes else "",
        _examples(found),
        f"<h2>{words['sizes']}</h2><p>{escape(_sizes(found, words))}</p><h2>{words['kinds']}</h2><p>{kinds}</p>",
        _files("unreadable", data.unreadable, words),
        _files("odd", data.odd, words),
        _groups(words.say("across", count=len(found.across)), found.across, found, words),
        _groups(words.say("conflicting", count=len(found.conflicting)), found.conflicting, found, words),
        _groups(
            _duplicates(found, words), found.groups, found, words, words["duplicates_text"].replace("`", "")
        ),
        _pictures("blank", found.blank, found, words),
        _pictures("tiny", found.tiny, found, words),
    ]
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><style>{_STYLE}</style></head><body>\n'
        + "\n".join(filter(None, body))
        + "\n</body></html>\n"
    )


def _parts(found: Audit) -> list[str]:
    there = {part for by in found.counts.values() for part in by}
    return [part for part in ("train", "validation", "test") if part in there]


def _found(found: Audit, words: Words) -> str:
    data = found.collection
    return words.say("found", images=len(data), count=len(data.classes), layout=data.layout)


def _sizes(found: Audit, words: Words) -> str:
    sizes = {"smallest": found.smallest, "largest": found.largest, "median": found.median}
    return words.say("sizes_text", **{name: "×".join(map(str, size)) for name, size in sizes.items()})


def _duplicates(found: Audit, words: Words) -> str:
    images = sum(len(group.members) for group in found.groups)
    text = words.say("duplicates", count=len(found.groups), images=images)
    return text if found.collection.duplicates.complete else f"{text}. {words['incomplete']}"


def _line(group: Group, found: Audit, words: Words) -> str:
    names = [found.collection.names[i] for i in group.members[:_MOST_IN_A_GROUP]]
    rest = len(group.members) - len(names)
    more = f" {words.say('more', count=rest)}" if rest else ""
    classes = f" ({', '.join(group.classes)})" if len(group.classes) > 1 else ""
    return f"{words['exact' if group.exact else 'near']}: {', '.join(names)}{more}{classes}"


def _files(title: str, files: Sequence[Unreadable], words: Words) -> str:
    items = "".join(f"<li>{escape(str(u.path))}: {escape(words.text(u.reason))}</li>" for u in files)
    return f"<h2>{escape(words.say(title, count=len(files)))}</h2><ul>{items}</ul>" if files else ""


def _examples(found: Audit) -> str:
    """A few images of each class."""
    data = found.collection
    rows: list[str] = []
    for label, name in enumerate(data.classes[:50]):
        among = np.flatnonzero(data.labels == label)
        chosen: list[int] = among[
            np.linspace(0, len(among) - 1, min(_EXAMPLES, len(among))).astype(int)
        ].tolist()
        rows.append(f"<b>{escape(name)}</b>{_row(chosen, found, [])}")
    return "".join(rows)


def _groups(title: str, groups: Sequence[Group], found: Audit, words: Words, text: str = "") -> str:
    if not groups:
        return ""
    data = found.collection
    rows: list[str] = []
    for group in groups[:_MOST_GROUPS]:
        members = group.members[:_MOST_IN_A_GROUP]
        captions = [
            data.classes[int(data.labels[i])] + (f", {words[part]}" if (part := data.given[i]) else "")
            for i in members
        ]
        rest = len(group.members) - len(members)
        more = f" {words.say('more', count=rest)}" if rest else ""
        kind = words["exact" if group.exact else "near"]
        rows.append(f'<span class="small">{kind}{more}</span>{_row(members, found, captions)}')
    if len(groups) > _MOST_GROUPS:
        rows.append(f"<p>{words.say('more', count=len(groups) - _MOST_GROUPS)}</p>")
    return f"<h2>{escape(title)}</h2><p class='small'>{escape(text)}</p>{''.join(rows)}"


def _pictures(title: str, images: Sequence[int], found: Audit, words: Words) -> str:
    if not images:
        return ""
    most = _MOST_GROUPS
    more = f"<p>{words.say('more', count=len(images) - most)}</p>" if len(images) > most else ""
    return f"<h2>{escape(words.say(title, count=len(images)))}</h2>{_row(images[:most], found, [])}{more}"


def _row(images: Sequence[int], found: Audit, captions: Sequence[str]) -> str:
    data = found.collection
    pictures = in_parallel(lambda at: _picture(found, at), list(images))
    figures = "".join(
        f'<figure><img alt="" src="data:image/jpeg;base64,{picture}"><figcaption>{escape(data.names[at])}'
        f"{f'<br><b>{escape(captions[n])}</b>' if captions else ''}</figcaption></figure>"
        for n, (at, picture) in enumerate(zip(images, pictures, strict=True))
    )
    return f'<div class="group">{figures}</div>'


def _picture(found: Audit, at: int) -> str:
    from PIL import Image

    try:
        pixels: npt.NDArray[np.uint8] = found.collection.reader.read(at, _SIDE, _SIDE, 3, "pad")
    except UnreadableError:
        return ""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=80)
    return base64.b64encode(buffer.getvalue()).decode()

"""`gradiente inspect`: what is in a folder of images, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gradiente.cli.failures import failures_as_status


def inspect(
    data: Annotated[
        str,
        typer.Argument(
            help="Images with their classes, laid out as for `train`; or `mnist`.", show_default=False
        ),
    ],
    categories: Annotated[
        Path | None, typer.Option(help="The file of categories.", show_default="found in the folder")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with pictures to this file.", show_default=False)
    ] = None,
    lang: Annotated[str, typer.Option(help="The language: en or es.")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Count a folder's images, and find those that are unreadable, blank, tiny, or there more than once.

    Nothing is changed or deleted.
    """
    with failures_as_status():
        from gradiente.classify.problems import SettingsError
        from gradiente.classify.run_folder import write_whole
        from gradiente.cli.counting import Counting
        from gradiente.cli.display import console
        from gradiente.images.audit import audit
        from gradiente.images.audit_page import as_page, as_text
        from gradiente.images.opening import survey_collection
        from gradiente.images.wording import LANGUAGES, words

        if lang not in LANGUAGES:
            raise SettingsError(f"--lang is {' or '.join(LANGUAGES)}, not {lang!r}.")
        looking = Counting(console(on_errors=True), "looking at the images")
        try:
            found = audit(survey_collection(data, categories, looking))
        finally:
            looking.end()
        if html is not None:
            html.parent.mkdir(parents=True, exist_ok=True)
            write_whole(html, as_page(found, lang).encode(errors="backslashreplace"))
        if as_json:
            print(json.dumps(found.as_json(), ensure_ascii=False))
            return
        print(as_text(found, lang), end="")
        if html is not None:
            print(f"\n{words(lang).say('page', path=str(html))}")

"""The examples in docstrings, as code: an extension of griffe, which reads the docstrings for the documentation.

griffe knows a section ``Examples:``. Here the docstrings say ``Example:``, and short ones have the example stand by
itself, without a heading; both would be set as prose, where ``[2. 5.] [1. 9.]`` is a link.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

_HEADING = re.compile(r"^Example:$", re.MULTILINE)
_ALONE = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)


def with_sections(docstring: str) -> str:
    """The docstring with each example in a section that griffe knows."""
    docstring = _HEADING.sub("Examples:", docstring)
    return _ALONE.sub(lambda found: "Examples:\n    " + found[0].replace("\n", "\n    "), docstring)


class DocstringExamples(griffe.Extension):
    """Gives every docstring its examples as sections, before it is parsed."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Called for each module, class, function and attribute."""
        del kwargs
        if obj.docstring is not None:
            obj.docstring.value = with_sections(obj.docstring.value)

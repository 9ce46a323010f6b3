"""Recognises a program written for Python 2, and gives the Python 3 spelling of what it uses."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

_LISTED = 5
_REMEDY = (
    "Remedy: convert it once, with `2to3 -w {path}` (comes with Python up to 3.12) or with\n"
    "`pip install modernize` and `python-modernize -w {path}`, then run it again."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A line that only Python 2 accepts.

    Attributes:
        lineno: its number, from 1.
        text: the line.
        what: what of Python 2 it uses, and the Python 3 spelling.
    """

    lineno: int
    text: str
    what: str


# Each pattern is searched in a line whose strings and comments are blanked out.
_SYNTAX: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"(?:^|[;:])\s*print\s+(?=[\"'`{\w])(?!(?:in|is|and|or|not|if|else)\b)"),
        "the print statement; Python 3 calls a function: print(...)",
    ),
    (re.compile(r"(?:^|[;:])\s*print\s*>>"), "print >> file; in Python 3: print(..., file=...)"),
    (
        re.compile(r"^\s*except\s+(?:[\w.]+|\(.*\))\s*,\s*\w+\s*:"),
        "except Error, name; in Python 3: except Error as name",
    ),
    (re.compile(r"^\s*raise\s+[\w.]+\s*,"), "raise Error, text; in Python 3: raise Error(text)"),
    (re.compile(r"`"), "backticks; in Python 3: repr(...)"),
    (re.compile(r"<>"), "the operator <>; in Python 3: !="),
    (re.compile(r"^\s*exec\s+[\"'\w]"), "the exec statement; in Python 3: exec(...)"),
    (
        re.compile(r"(?<![\w.])0[0-7]*[1-7][0-7]*(?![\w.])"),
        "an octal number such as 0755; in Python 3: 0o755",
    ),
    (re.compile(r"(?<![\w.])(?:\d+|0[xX][\da-fA-F]+)[lL]\b"), "a long number such as 10L; in Python 3: 10"),
    (re.compile(r"\b[uU][rR][\"']"), "a ur'' string; in Python 3: r''"),
    (
        re.compile(r"\bdef\s+\w+\s*\((?:[^()=]*,)?\s*\("),
        "a tuple as a parameter; in Python 3 unpack it in the body",
    ),
    (re.compile(r"\blambda\s*\("), "a tuple as lambda's parameter; in Python 3: lambda pair: ... pair[0]"),
)

NAMES: dict[str, str] = {
    "StandardError": "Exception",
    "apply": "function(*args)",
    "basestring": "str",
    "cmp": "(a > b) - (a < b)",
    "execfile": "exec(open(path).read())",
    "file": "open",
    "intern": "sys.intern",
    "long": "int",
    "raw_input": "input",
    "reduce": "functools.reduce",
    "reload": "importlib.reload",
    "unichr": "chr",
    "unicode": "str",
    "xrange": "range",
}
"""Built-in names that Python 3 lacks -> what stands for each."""

MODULES: dict[str, str] = {
    "BaseHTTPServer": "http.server",
    "ConfigParser": "configparser",
    "Cookie": "http.cookies",
    "HTMLParser": "html.parser",
    "Queue": "queue",
    "SimpleHTTPServer": "http.server",
    "SocketServer": "socketserver",
    "StringIO": "io.StringIO",
    "Tkinter": "tkinter",
    "__builtin__": "builtins",
    "cPickle": "pickle",
    "cStringIO": "io.StringIO",
    "commands": "subprocess",
    "cookielib": "http.cookiejar",
    "copy_reg": "copyreg",
    "httplib": "http.client",
    "md5": "hashlib.md5",
    "sets": "set",
    "sha": "hashlib.sha1",
    "thread": "_thread",
    "tkFileDialog": "tkinter.filedialog",
    "tkMessageBox": "tkinter.messagebox",
    "urllib2": "urllib.request",
    "urlparse": "urllib.parse",
    "xmlrpclib": "xmlrpc.client",
}
"""Modules that Python 3 lacks -> where their contents are."""

ATTRIBUTES: dict[str, str] = {
    "getcwdu": "os.getcwd",
    "has_key": "key in d",
    "ifilter": "filter",
    "imap": "map",
    "iteritems": "d.items()",
    "iterkeys": "d.keys()",
    "itervalues": "d.values()",
    "izip": "zip",
    "izip_longest": "itertools.zip_longest",
    "letters": "string.ascii_letters",
    "lowercase": "string.ascii_lowercase",
    "maxint": "sys.maxsize",
    "next": "next(iterator)",
    "setdefaultencoding": "nothing: text is Unicode already",
    "uppercase": "string.ascii_uppercase",
    "urlencode": "urllib.parse.urlencode",
    "urlopen": "urllib.request.urlopen",
    "urlretrieve": "urllib.request.urlretrieve",
    "viewitems": "d.items()",
    "viewkeys": "d.keys()",
    "viewvalues": "d.values()",
}
"""Attributes that Python 3 lacks -> what stands for each."""

_ATTRIBUTE_OWNERS = ("dict", "itertools", "os", "string", "sys", "urllib", "generator", "file", "_io.")


def findings(source: str) -> list[Finding]:
    r"""The lines of a program that only Python 2 accepts.

    >>> [found.lineno for found in findings("import os\nprint 'hello'\n")]
    [2]
    >>> findings("print('it is `fine`')  # print x")
    []
    """
    lines = source.splitlines()
    return [
        Finding(lineno, lines[lineno - 1].strip(), what)
        for lineno, blanked in enumerate(blank_strings(source).splitlines(), 1)
        for pattern, what in _SYNTAX
        if pattern.search(blanked)
    ]


def explain_syntax(source: str, path: str) -> str | None:
    """The message for a program that does not compile, or None when it is not a Python 2 program."""
    found = findings(source)
    if not found:
        return None
    name = os.path.basename(path)
    lines = [f"{name} is a program for Python 2; this is Python 3."]
    for finding in found[:_LISTED]:
        lines += [f"  {path}:{finding.lineno}: {finding.text}", f"    {finding.what}"]
    if len(found) > _LISTED:
        lines.append(f"  ... and {len(found) - _LISTED} more places")
    lines.append(_REMEDY.format(path=path))
    return "\n".join(lines)


def explain_error(error: BaseException, path: str) -> str | None:
    """The remark on an error that a program for Python 2 raises under Python 3, or None for any other error."""
    what = _error_spelling(error)
    if what is None:
        return None
    return f"{what}: this is a program for Python 2; this is Python 3.\n{_REMEDY.format(path=path)}"


def _error_spelling(error: BaseException) -> str | None:
    name = getattr(error, "name", None)
    if isinstance(error, NameError) and name in NAMES:
        return f"`{name}` is `{NAMES[name]}` in Python 3"
    if isinstance(error, ModuleNotFoundError) and name in MODULES:
        return f"The module `{name}` is `{MODULES[name]}` in Python 3"
    if isinstance(error, AttributeError) and name in ATTRIBUTES and _is_python_2_attribute(error):
        return f"`{name}` is `{ATTRIBUTES[name]}` in Python 3"
    if isinstance(error, TypeError) and "'builtin_function_or_method'" in str(error) and ">>" in str(error):
        return "`print >> file, text` is `print(text, file=file)` in Python 3"
    return None


def _is_python_2_attribute(error: AttributeError) -> bool:
    text = str(error)
    return any(f"'{owner}" in text for owner in _ATTRIBUTE_OWNERS)


_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)"""
    r"""|(?P<string>\"\"\"(?:\\.|[^\\])*?(?:\"\"\"|\Z)|\'\'\'(?:\\.|[^\\])*?(?:\'\'\'|\Z)"""
    r"""|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?)""",
    re.DOTALL,
)


def blank_strings(source: str) -> str:
    """The source with the contents of strings and comments replaced by blanks; lines keep their numbers.

    >>> blank_strings("a = 'x`y'  # print z")
    "a = '   '           "
    """
    return "".join(_blanked(source))


def _blanked(source: str) -> Iterator[str]:
    end = 0
    for token in _TOKEN.finditer(source):
        yield source[end : token.start()]
        text = token.group()
        if token.lastgroup == "comment":
            yield " " * len(text)
        else:
            yield text[0] + re.sub(r"[^\n]", " ", text[1:-1]) + text[-1] if len(text) > 1 else text
        end = token.end()
    yield source[end:]

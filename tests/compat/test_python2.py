from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradiente.compat import python2

PYTHON_2_LINES = [
    "print 'hello'",
    "print x",
    "print 'a %d' % 3, 'b'",
    "if x: print x",
    "print >> sys.stderr, 'x'",
    "except ValueError, e:",
    "except (A, B), e:",
    "raise ValueError, 'text'",
    "y = `x`",
    "if a <> b: pass",
    "exec 'x = 1'",
    "os.chmod(path, 0755)",
    "n = 10L",
    "n = 0xFFL",
    "s = ur'x'",
    "def f(a, (b, c)): pass",
    "lambda (a, b): a",
]
PYTHON_3_LINES = [
    "print('hello')",
    "print ('hello', file=sys.stderr)",
    "print",
    "text = 'print x'",
    "# print x",
    "except ValueError as e:",
    "raise ValueError('a, b')",
    "y = '`x`'",
    "mode = 0o755",
    "zero = 00",
    "x = 0.5",
    "blueprint = printer",
    "def f(a, b=(1, 2)): pass",
    "lambda a: (a, 1)",
    "printing is not print",
    "execute = exec",
    "L = [1, 2]",
    "'''\nprint x\n'''",
]


@pytest.mark.parametrize("line", PYTHON_2_LINES)
def test_lines_of_python_2(line):
    found = python2.findings(f"import os\n{line}\n")
    assert [finding.lineno for finding in found] == [2]
    assert found[0].text == line


@pytest.mark.parametrize("line", PYTHON_3_LINES)
def test_lines_of_python_3(line):
    assert python2.findings(line + "\n") == []


def test_the_message_names_lines_spelling_and_remedy():
    message = python2.explain_syntax("import os\nprint 'x'\n", "/a/old.py")
    assert message is not None
    assert message.startswith("old.py is a program for Python 2")
    assert "/a/old.py:2: print 'x'" in message
    assert "print(...)" in message
    assert "2to3 -w /a/old.py" in message


def test_a_python_3_program_with_a_slip_is_not_taken_for_python_2():
    assert python2.explain_syntax("def f(:\n    pass\n", "new.py") is None


def test_many_places_are_counted():
    message = python2.explain_syntax("print 1\n" * 9, "old.py")
    assert message is not None
    assert "and 4 more places" in message


@pytest.mark.parametrize(
    ("program", "spelling"),
    [
        ("xrange(3)", "`range`"),
        ("raw_input()", "`input`"),
        ("unicode('x')", "`str`"),
        ("import cPickle", "`pickle`"),
        ("import urllib2", "`urllib.request`"),
        ("from Queue import Queue", "`queue`"),
        ("import ConfigParser", "`configparser`"),
        ("{}.iteritems()", "`d.items()`"),
        ("{}.has_key(1)", "`key in d`"),
        ("import string; string.letters", "`string.ascii_letters`"),
        ("import sys; print >> sys.stderr, 'x'", "`print(text, file=file)`"),
    ],
)
def test_errors_of_python_2_programs(program, spelling):
    with pytest.raises((NameError, ImportError, AttributeError, TypeError)) as raised:
        exec(program, {})
    remark = python2.explain_error(raised.value, "old.py")
    assert remark is not None
    assert spelling in remark
    assert "Python 2" in remark


@pytest.mark.parametrize(
    "program", ["undefined_name", "import no_such_module", "object().next", "{}.items(1)"]
)
def test_other_errors_are_left_alone(program):
    with pytest.raises((NameError, ImportError, AttributeError, TypeError)) as raised:
        exec(program, {})
    assert python2.explain_error(raised.value, "new.py") is None


@given(st.text(alphabet="ab'\"#\\ \n`", max_size=60))
def test_blanking_keeps_lines_and_columns(source):
    blanked = python2.blank_strings(source)
    assert [len(line) for line in blanked.split("\n")] == [len(line) for line in source.split("\n")]


@given(st.text(alphabet="xy`# \\", max_size=20))
def test_what_is_quoted_is_blanked(text):
    program = f"a = {text!r}"
    ast.parse(program)
    assert python2.findings(program) == []

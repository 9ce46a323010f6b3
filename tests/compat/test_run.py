from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SHOW = (
    "import sys, os; print(__name__, sys.argv[1:], os.path.basename(sys.path[0]), os.path.basename(__file__))"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder named `course`, in which programs are written."""
    made = tmp_path / "course"
    made.mkdir()
    return made


def gradiente(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gradiente", *args]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder.parent, check=False)


def program(folder: Path, source: str, name: str = "program.py") -> str:
    (folder / name).write_text(source, encoding="utf-8")
    return f"course/{name}"


@pytest.mark.parametrize("words", [["run"], []])
def test_a_program_gets_its_own_name_arguments_folder(folder, words):
    done = gradiente(folder, *words, program(folder, SHOW), "--steps=3", "-m", "--help", "x", "--")
    assert done.stdout.strip() == "__main__ ['--steps=3', '-m', '--help', 'x', '--'] course program.py"
    assert done.returncode == 0


def test_a_module_by_its_name(folder):
    program(folder, "")
    (folder / "__init__.py").touch()
    program(folder, "import sys; print(__name__, __package__, sys.argv[1:])", "start.py")
    done = gradiente(folder, "run", "-m", "course.start", "--steps=3")
    assert done.stdout.strip() == "__main__ course ['--steps=3']"
    assert "no module 'nowhere'" in gradiente(folder, "run", "-m", "nowhere").stderr


def test_a_folder_with_a_main(folder):
    program(folder, "import helper; print(helper.value)", "__main__.py")
    program(folder, "value = 7", "helper.py")
    assert gradiente(folder, "run", "course").stdout.strip() == "7"


@pytest.mark.parametrize(
    ("source", "status", "error"),
    [
        ("import sys; sys.exit(7)", 7, ""),
        ("import sys; sys.exit('bye')", 1, "bye\n"),
        ("raise SystemExit", 0, ""),
        ("raise KeyboardInterrupt", 130, "KeyboardInterrupt"),
    ],
)
def test_exit_status(folder, source, status, error):
    done = gradiente(folder, "run", program(folder, source))
    assert done.returncode == status
    assert error in done.stderr


def test_a_traceback_shows_the_program_and_not_the_launcher(folder):
    source = "def f():\n    raise ValueError('ñ')\n\nf()\n"
    done = gradiente(folder, "run", program(folder, source))
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0].startswith("Traceback")
    assert lines[1].endswith('course/program.py", line 4, in <module>')
    assert lines[-1] == "ValueError: ñ"
    assert "gradiente" not in done.stderr


def test_a_missing_name_points_at_the_program(folder):
    source = "import tensorflow as tf\n\ncell = tf.nn.rnn_cell.BasicLSTMCell(128)\n"
    done = gradiente(folder, "run", program(folder, source))
    assert done.returncode == 1
    assert "program.py:3: cell = tf.nn.rnn_cell.BasicLSTMCell(128)" in done.stderr
    assert "ecurrent cells are outside gradiente" in done.stderr
    assert "/compat/" not in done.stderr


def test_a_python_2_program(folder):
    path = program(folder, "import tensorflow as tf\nprint 'hello'\n")
    done = gradiente(folder, "run", path)
    assert done.returncode == 1
    assert "program.py is a program for Python 2" in done.stderr
    assert "program.py:2: print 'hello'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_python_2_name_and_a_python_2_module(folder):
    done = gradiente(folder, "run", program(folder, "for i in xrange(3):\n    pass\n"))
    assert "`xrange` is `range` in Python 3" in done.stderr
    program(folder, "print 'x'\n", "helper.py")
    done = gradiente(folder, "run", program(folder, "import helper\n"))
    assert "helper.py is a program for Python 2" in done.stderr


def test_a_python_3_program_with_a_slip_keeps_pythons_message(folder):
    done = gradiente(folder, "run", program(folder, "x = (1,\n"))
    assert done.returncode == 1
    assert "SyntaxError" in done.stderr
    assert "Python 2" not in done.stderr


def test_a_package_that_is_not_installed(folder):
    done = gradiente(folder, "run", program(folder, "import no_such_package\n"))
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'no_such_package'"


def test_what_is_no_program(folder):
    done = gradiente(folder, "run", "notebook.ipynb")
    assert done.returncode == 2
    assert "jupyter nbconvert --to script notebook.ipynb" in done.stderr
    assert "no file 'none.py'" in gradiente(folder, "run", "none.py").stderr
    assert "__main__.py" in gradiente(folder, "run", "course").stderr
    assert gradiente(folder, "run").returncode == 2


def test_flags_and_app_run(folder):
    source = """
import tensorflow as tf
tf.app.flags.DEFINE_integer("steps", 10, "Steps.")
FLAGS = tf.app.flags.FLAGS

def main(argv):
    print(FLAGS.steps, argv[1:])
    return 4

if __name__ == "__main__":
    tf.app.run()
"""
    done = gradiente(folder, "run", program(folder, source), "--steps=3", "--unknown", "file")
    assert done.stdout.strip() == "3 ['--unknown', 'file']"
    assert done.returncode == 4
    done = gradiente(folder, "run", program(folder, source), "--help")
    assert "Steps." in done.stdout
    assert done.returncode == 0


def test_a_test_program(folder):
    source = """
import tensorflow as tf

class SquareTest(tf.test.TestCase):
    def testSquare(self):
        with self.test_session():
            x = tf.square([2, 3])
            self.assertAllEqual(x.eval(), [4, 9])

if __name__ == "__main__":
    tf.test.main()
"""
    done = gradiente(folder, "run", program(folder, source))
    assert done.returncode == 0, done.stderr
    assert "Ran 1 test" in done.stderr

from __future__ import annotations

import sys
import types

import pytest
from absl import flags as absl_flags

from gradiente.platform import app, flags


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch) -> flags.ProgramFlags:
    """An empty set of flags in the place of the program's."""
    own = flags.ProgramFlags()
    monkeypatch.setattr(flags, "FLAGS", own)
    monkeypatch.setattr(sys, "argv", ["program.py"])
    return own


def test_a_flag_is_parsed_when_it_is_first_read(values, monkeypatch):
    flags.DEFINE_integer("steps", 1000, "Steps.")
    flags.DEFINE_float("rate", 0.5, "Rate.")
    flags.DEFINE_string("data_dir", "MNIST_data/", "Folder.")
    flags.DEFINE_boolean("fake", False, "Fake data.")
    monkeypatch.setattr(sys, "argv", ["program.py", "--steps", "20", "--rate=0.1", "--fake"])
    assert values.steps == 20
    assert values.rate == pytest.approx(0.1)
    assert values.data_dir == "MNIST_data/"
    assert values.fake is True


def test_every_kind_of_flag(values):
    flags.DEFINE_enum("kind", "relu", ["relu", "tanh"], "Kind.")
    flags.DEFINE_list("sizes", ["1", "2"], "Sizes.")
    flags.DEFINE_multi_integer("seed", [1], "Seeds.")
    flags.DEFINE_bool("shuffle", True, "Shuffle.")
    values(["p", "--kind=tanh", "--sizes=3,4,5", "--seed=7", "--seed=8", "--noshuffle"])
    assert (values.kind, values.sizes, values.seed, values.shuffle) == (
        "tanh",
        ["3", "4", "5"],
        [7, 8],
        False,
    )


def test_old_argument_names(values):
    flags.DEFINE_string(flag_name="log", default_value="/tmp", docstring="Where.")
    assert values.log == "/tmp"


def test_flags_can_be_listed_and_set_as_in_old_programs(values):
    flags.DEFINE_integer("batch", 100, "Batch.")
    values._parse_flags()
    assert values.__flags["batch"].value == 100
    values.batch = 50
    assert values.batch == 50
    assert values.flag_values_dict()["batch"] == 50


def test_a_program_may_use_the_names_of_a_library(values):
    from absl import logging

    assert logging
    flags.DEFINE_string("log_dir", "logs", "The same name as absl.logging's.")
    assert values.log_dir == "logs"


def test_a_wrong_value_and_a_second_definition(values):
    flags.DEFINE_integer("steps", 1, "Steps.")
    with pytest.raises(flags.IllegalFlagValueError, match="steps"):
        values(["p", "--steps=many"])
    elsewhere = types.ModuleType("elsewhere")
    elsewhere.__dict__["flags"] = flags
    with pytest.raises(flags.DuplicateFlagError, match="steps"):
        exec("flags.DEFINE_integer('steps', 2, 'Again.')", elsewhere.__dict__)


def test_a_mistyped_flag_is_named_when_flags_are_read_without_run(values, monkeypatch):
    flags.DEFINE_integer("steps", 1, "Steps.")
    monkeypatch.setattr(sys, "argv", ["program.py", "--stepz=3"])
    with pytest.raises(flags.UnrecognizedFlagError, match="stepz"):
        assert values.steps


def test_run_leaves_unknown_flags_for_main(values):
    flags.DEFINE_integer("steps", 1, "Steps.")
    seen: list[object] = []

    def main(argv: list[str]) -> int:
        seen.extend([argv, values.steps])
        return 3

    with pytest.raises(SystemExit) as left:
        app.run(main, ["program.py", "--steps=5", "--other=1", "file"])
    assert left.value.code == 3
    assert seen == [["program.py", "--other=1", "file"], 5]


def test_run_calls_the_programs_main(values, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "main", lambda argv: len(argv), raising=False)
    with pytest.raises(SystemExit) as left:
        app.run(argv=["program.py", "a", "b"])
    assert left.value.code == 3


def test_run_without_a_main_says_so(values, monkeypatch):
    monkeypatch.delattr(sys.modules["__main__"], "main", raising=False)
    with pytest.raises(AttributeError, match="defines none"):
        app.run()


def test_run_reports_a_wrong_value_without_a_traceback(values, capsys):
    flags.DEFINE_integer("steps", 1, "Steps.")
    with pytest.raises(SystemExit) as left:
        app.run(lambda argv: 0, ["program.py", "--steps=many"])
    assert left.value.code == 1
    assert "steps" in capsys.readouterr().err


def test_run_parses_flags_that_the_program_defined_through_absl(values, monkeypatch):
    absl_values = absl_flags.FlagValues()
    absl_flags.DEFINE_string("absl_name", "a", "Defined through absl.", flag_values=absl_values)
    monkeypatch.setattr(absl_flags, "FLAGS", absl_values)
    with pytest.raises(SystemExit):
        app.run(lambda argv: 0, ["program.py", "--absl_name=b"])
    assert absl_values.absl_name == "b"


def test_help_shows_the_flags_and_leaves(capsys):
    with pytest.raises(SystemExit) as left:
        flags.FLAGS(["program.py", "--help"])
    assert left.value.code == 0
    assert "--[no]help" in capsys.readouterr().out

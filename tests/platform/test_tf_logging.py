from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from gradiente.platform import resource_loader, sysconfig, tf_logging


@pytest.fixture(autouse=True)
def records(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[logging.LogRecord]]:
    """What the logger hands to its handlers."""
    collected: list[logging.LogRecord] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            collected.append(record)

    logger = tf_logging.get_logger()
    collector = Collector()
    level = logger.level
    monkeypatch.setattr(logger, "handlers", [collector])
    yield collected
    logger.setLevel(level)


def test_levels(records):
    tf_logging.set_verbosity(tf_logging.INFO)
    assert tf_logging.get_verbosity() == tf_logging.INFO == 20
    tf_logging.debug("hidden")
    tf_logging.info("step %d", 3)
    tf_logging.warn("w")
    tf_logging.warning("w")
    tf_logging.error("e")
    tf_logging.fatal("f")
    tf_logging.log(tf_logging.ERROR, "l")
    tf_logging.vlog(tf_logging.DEBUG, "hidden")
    assert [(record.levelname, record.getMessage()) for record in records] == [
        ("INFO", "step 3"),
        ("WARNING", "w"),
        ("WARNING", "w"),
        ("ERROR", "e"),
        ("CRITICAL", "f"),
        ("ERROR", "l"),
    ]


def test_a_record_carries_the_programs_line(records):
    tf_logging.set_verbosity(tf_logging.INFO)
    tf_logging.info("x")
    tf_logging.log_if(tf_logging.INFO, "y", True)
    assert {record.filename for record in records} == {"test_tf_logging.py"}


def test_counted_messages(records):
    tf_logging.set_verbosity(tf_logging.INFO)
    for i in range(7):
        tf_logging.log_every_n(tf_logging.INFO, "every %d", 3, i)
        tf_logging.log_first_n(tf_logging.INFO, "first %d", 2, i)
        tf_logging.log_if(tf_logging.INFO, "if %d", i == 4, i)
    assert [record.getMessage() for record in records] == [
        "every 0", "first 0", "first 1", "every 3", "if 4", "every 6",
    ]  # fmt: skip


def test_the_programs_own_files(tmp_path):
    assert resource_loader.get_path_to_datafile("x").endswith("tests/platform/x")
    assert b"test_the_programs_own_files" in resource_loader.load_resource("test_tf_logging.py")


def test_sysconfig_points_at_the_headers_of_xla():
    import os

    assert os.path.exists(os.path.join(sysconfig.get_include(), "xla", "ffi", "api", "ffi.h"))

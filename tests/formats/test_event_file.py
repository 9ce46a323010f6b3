"""Event files: TensorBoard's own reader reads them."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

from gradiente.formats.event_file import EventFileWriter, event_of_scalar, read_events
from gradiente.graph.errors import DataLossError, NotFoundError


def steps(path: str) -> list[int]:
    return [event.step for event in read_events(path)][1:]


def test_tensorboard_reads_the_file(tmp_path: Path) -> None:
    writer = EventFileWriter(tmp_path / "deep" / "folder", filename_suffix=".train")
    writer.add_event(event_of_scalar("loss", 0.5, step=7, wall_time=12.0))
    writer.close()
    (path,) = (tmp_path / "deep" / "folder").iterdir()
    assert path == Path(writer.path)
    assert writer.get_logdir() == str(tmp_path / "deep" / "folder")
    assert path.name.startswith("events.out.tfevents.")
    assert path.name.endswith(".train")
    first, second = LegacyEventFileLoader(str(path)).Load()
    assert first.file_version == "brain.Event:2"
    assert (second.step, second.wall_time) == (7, 12.0)
    assert (second.summary.value[0].tag, second.summary.value[0].simple_value) == ("loss", 0.5)
    assert list(read_events(path)) == [first, second]


def test_flush_queue_and_time(tmp_path: Path) -> None:
    writer = EventFileWriter(tmp_path, max_queue=2, flush_secs=1000)
    assert steps(writer.path) == []
    for step in (1, 2):
        writer.add_event(event_of_scalar("x", 0, step))
    assert steps(writer.path) == []
    writer.add_event(event_of_scalar("x", 0, 3))
    assert steps(writer.path) == [1, 2, 3]
    writer.add_event(event_of_scalar("x", 0, 4))
    writer.flush()
    assert steps(writer.path) == [1, 2, 3, 4]
    writer.close()
    at_once = EventFileWriter(tmp_path, flush_secs=0)
    at_once.add_event(event_of_scalar("x", 0, 5))
    assert steps(at_once.path) == [5]
    at_once.close()


def test_close_and_reopen(tmp_path: Path) -> None:
    writer = EventFileWriter(tmp_path)
    first = writer.path
    writer.reopen()
    assert writer.path == first
    writer.close()
    writer.close()
    writer.flush()
    with pytest.warns(UserWarning, match=r"is closed, and an event was dropped. Call reopen"):
        writer.add_event(event_of_scalar("x", 0, 1))
    writer.reopen()
    writer.add_event(event_of_scalar("x", 0, 2))
    writer.close()
    assert steps(first) == []
    assert steps(writer.path) == [2]
    assert len(list(tmp_path.iterdir())) == 2


def test_events_of_many_threads_are_whole(tmp_path: Path) -> None:
    writer = EventFileWriter(tmp_path)

    def work(start: int) -> None:
        for step in range(start, start + 50):
            writer.add_event(event_of_scalar("x", step, step))

    threads = [threading.Thread(target=work, args=[100 * i]) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    got = steps(writer.path)
    assert sorted(got) == [100 * i + j for i in range(8) for j in range(50)]
    assert [step for step in got if step < 100] == list(range(50))


def test_a_forgotten_writer_loses_nothing(tmp_path: Path) -> None:
    writer = EventFileWriter(tmp_path)
    path = writer.path
    writer.add_event(event_of_scalar("x", 0, 9))
    del writer
    gc.collect()
    assert steps(path) == [9]


def test_the_end_of_the_program_loses_nothing(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from gradiente.formats.event_file import EventFileWriter, event_of_scalar\n"
        "writer = EventFileWriter(sys.argv[1])\n"
        "writer.add_event(event_of_scalar('x', 0, 9))\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)
    (path,) = tmp_path.iterdir()
    assert steps(str(path)) == [9]


def test_writing_loads_the_messages_and_nothing_more_of_tensorboard() -> None:
    """TensorBoard's own writer would load its plugins, and TensorFlow where that is installed."""
    program = (
        "import sys\n"
        "import gradiente.formats.event_file as event_file\n"
        "event_file.event_of_scalar('x', 0, 1)\n"
        "slow = ('tensorboard.summary', 'tensorboard.plugins', 'tensorboard.compat.tensorflow_stub', 'tensorflow', 'grpc')\n"
        "print([name for name in slow if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_damage_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        next(read_events(tmp_path / "nothing"))
    writer = EventFileWriter(tmp_path)
    with pytest.raises(TypeError, match="takes an Event message, and received bytes"):
        writer.add_event(b"?")
    writer.add_event(event_of_scalar("x", 0, 1))
    writer.close()
    path = Path(writer.path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataLossError, match="truncated record"):
        list(read_events(path))

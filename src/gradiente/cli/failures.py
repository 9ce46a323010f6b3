"""The exit status of each kind of failure, and its message: one line, no traceback."""

from __future__ import annotations

import errno
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SETTINGS = 2
UNREADABLE_IMAGES = 14
INTERRUPTED = 130

EPILOG = (
    "Exit status: 0 done; 2 wrong option or setting; 3 data not found; 4 no images; 5 one class only; 6 a class with "
    "too few images; 7 wrong categories file; 8 no such run or model; 9 wrong model file; 10 the data's classes are "
    "not the model's; 11 the loss is no number any more; 12 out of memory; 13 a file can't be written; 14 some images "
    "can't be read; 15 what was exported does not agree, or can't be made; 16 the data changed since the run began; "
    "17 wrong checkpoint; 18 the run's folder is in use; 130 interrupted."
)


@contextmanager
def failures_as_status() -> Iterator[None]:
    """Ends the process with a message and an exit status of its own for each failure that a person can cause.

    What remains, an error in gradiente, keeps its traceback.
    """
    from gradiente.classify import problems
    from gradiente.errors import ResourceExhaustedError

    status: dict[type[Exception], int] = {
        problems.SettingsError: SETTINGS,
        problems.DataNotFoundError: 3,
        problems.NoImagesError: 4,
        problems.OneClassError: 5,
        problems.TooFewImagesError: 6,
        problems.CategoriesError: 7,
        problems.RunNotFoundError: 8,
        problems.ModelError: 9,
        problems.ClassesDifferError: 10,
        problems.DivergedError: 11,
        problems.OutOfMemoryError: 12,
        problems.ExportError: 15,
        problems.DataChangedError: 16,
        problems.CheckpointError: 17,
        problems.RunInUseError: 18,
        problems.TooLargeError: 12,
    }
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="surrogateescape")  # the name of a file may be any bytes
    try:
        yield
    except tuple(status) as error:
        fail(str(error), next(value for kind, value in status.items() if isinstance(error, kind)))
    except (MemoryError, ResourceExhaustedError):
        fail("Out of memory. Use a smaller --batch or --image-size.", 12)
    except KeyboardInterrupt:
        fail("Interrupted.", INTERRUPTED)
    except BrokenPipeError:
        # What reads our output, such as `head`, has had enough.
        sys.stderr.close()
        raise SystemExit(0) from None
    except OSError as error:
        full = " There is no space left: free some, then run it again." if error.errno == errno.ENOSPC else ""
        fail(f"{error.filename or 'A file'} can't be written: {error.strerror or error}.{full}", 13)


def fail(message: str, status: int) -> None:
    """Say what is wrong on the error output and end."""
    print(f"gradiente: {message}", file=sys.stderr)
    raise SystemExit(status)

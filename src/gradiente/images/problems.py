"""What can be wrong with a person's images: one class of error for each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class DataError(ValueError):
    """The images, or what says their classes, can't be used. The message says why and what to do."""


class DataNotFoundError(DataError):
    """There is no such file or folder, or it can't be read."""


class NoImagesError(DataError):
    """There is no image that can be read."""


class OneClassError(DataError):
    """All images are of one class."""


class TooFewImagesError(DataError):
    """A class has too few images to be divided into training and test."""


class CategoriesError(DataError):
    """The file that says the images' classes can't be understood, or does not fit the images."""


class TooLargeError(DataError, MemoryError):
    """The images don't fit into the memory."""


@contextmanager
def reading(what: str | Path) -> Iterator[None]:
    """Says of files and folders that the system does not let one read that they can't be read.

    Args:
        what: what is read, for an error that names no file.

    Raises:
        DataNotFoundError: instead of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise DataNotFoundError(
            f"{error.filename or what} can't be read: {error.strerror or error}."
        ) from error

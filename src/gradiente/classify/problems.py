"""What can go wrong with a run or a model: one class of error for each."""

from __future__ import annotations

from gradiente.images.problems import CategoriesError as CategoriesError
from gradiente.images.problems import DataError as DataError
from gradiente.images.problems import DataNotFoundError as DataNotFoundError
from gradiente.images.problems import NoImagesError as NoImagesError
from gradiente.images.problems import OneClassError as OneClassError
from gradiente.images.problems import TooFewImagesError as TooFewImagesError
from gradiente.images.problems import TooLargeError as TooLargeError


class SettingsError(ValueError):
    """A setting has a value that can't be used."""


class RunNotFoundError(ValueError):
    """There is no such run folder, or it has no model."""


class ModelError(ValueError):
    """The files of a model are not ours, damaged, newer than this version, or don't fit together."""


class CheckpointError(ValueError):
    """A checkpoint is missing, damaged or of a newer version, or is not that of this run."""


class DataChangedError(DataError):
    """The data is not what the run began with."""


class RunInUseError(ValueError):
    """Another process is training in the run's folder."""


class ClassesDifferError(DataError):
    """The data's classes are not those of the model."""


class UnreadableImageError(ValueError):
    """An image can't be read.

    Attributes:
        image: what it was called: its path, where it has one.
        reason: why.
    """

    def __init__(self, image: str, reason: str) -> None:
        super().__init__(f"{image}: {reason}.")
        self.image, self.reason = image, reason


class ExportError(ValueError):
    """A model can't be exported in this form, or what was exported does not say the same as the model."""


class DivergedError(ArithmeticError):
    """The loss is not a finite number any more."""


class OutOfMemoryError(MemoryError):
    """The data or a batch does not fit into the memory."""


class ImageTooSmallError(SettingsError):
    """The images are too small for the network."""

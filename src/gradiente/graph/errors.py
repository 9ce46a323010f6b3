"""TensorFlow's error classes, by their canonical codes (``tf.errors``)."""

from __future__ import annotations

from typing import Any

OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


class OpError(Exception):
    """An operation failed while the graph ran.

    Args:
        node_def: the NodeDef of the operation that failed, or None.
        op: the Operation that failed, or None.
        message: what happened, why, and the remedy.
        error_code: one of this module's codes.
    """

    code = UNKNOWN

    def __init__(self, node_def: Any, op: Any, message: str, error_code: int | None = None) -> None:
        super().__init__(message)
        self._node_def = node_def
        self._op = op
        self._message = message
        self._error_code = self.code if error_code is None else error_code

    @property
    def message(self) -> str:
        """The error's text."""
        return self._message

    @property
    def op(self) -> Any:
        """The operation that failed, or None."""
        return self._op

    @property
    def node_def(self) -> Any:
        """The NodeDef of the operation that failed, or None."""
        return self._op.node_def if self._node_def is None and self._op is not None else self._node_def

    @property
    def error_code(self) -> int:
        """The canonical code."""
        return self._error_code

    def __str__(self) -> str:
        if self._op is None:
            return self._message
        return f"{self._message}\n  Operation '{self._op.name}' ({self._op.type}), made at {self._op.source}"


class CancelledError(OpError):
    """The operation was cancelled, as a queue's waiting operations are when the queue is closed."""

    code = CANCELLED


class UnknownError(OpError):
    """An error of no known class."""

    code = UNKNOWN


class InvalidArgumentError(OpError):
    """An operation received a value or a shape that it can't take."""

    code = INVALID_ARGUMENT


class DeadlineExceededError(OpError):
    """The time given with ``RunOptions(timeout_in_ms=...)`` ran out."""

    code = DEADLINE_EXCEEDED


class NotFoundError(OpError):
    """A file, a checkpoint or an entry of one does not exist."""

    code = NOT_FOUND


class AlreadyExistsError(OpError):
    """Something that was to be made exists already."""

    code = ALREADY_EXISTS


class PermissionDeniedError(OpError):
    """The operating system refused access."""

    code = PERMISSION_DENIED


class ResourceExhaustedError(OpError):
    """Memory or disk ran out."""

    code = RESOURCE_EXHAUSTED


class FailedPreconditionError(OpError):
    """The system is not in the state that the operation needs, as when a variable is not initialized."""

    code = FAILED_PRECONDITION


class AbortedError(OpError):
    """The operation was aborted by a concurrent one."""

    code = ABORTED


class OutOfRangeError(OpError):
    """The input is at its end: a closed queue is empty, a file is read, a counter reached its limit."""

    code = OUT_OF_RANGE


class UnimplementedError(OpError):
    """The operation is not implemented for these arguments."""

    code = UNIMPLEMENTED


class InternalError(OpError):
    """Something that gradiente relies on failed; please report it."""

    code = INTERNAL


class UnavailableError(OpError):
    """A service can't be reached now."""

    code = UNAVAILABLE


class DataLossError(OpError):
    """Data is damaged: a checksum does not fit, or a file ends too early."""

    code = DATA_LOSS


class UnauthenticatedError(OpError):
    """The caller has no valid credentials."""

    code = UNAUTHENTICATED


_BY_CODE: dict[int, type[OpError]] = {
    cls.code: cls
    for cls in (
        CancelledError, UnknownError, InvalidArgumentError, DeadlineExceededError, NotFoundError, AlreadyExistsError,
        PermissionDeniedError, ResourceExhaustedError, FailedPreconditionError, AbortedError, OutOfRangeError,
        UnimplementedError, InternalError, UnavailableError, DataLossError, UnauthenticatedError,
    )
}  # fmt: skip


def exception_type_from_error_code(error_code: int) -> type[OpError]:
    """The class for one of the canonical codes."""
    return _BY_CODE[error_code]


def error_code_from_exception_type(cls: type[OpError]) -> int:
    """The canonical code of a class."""
    return cls.code

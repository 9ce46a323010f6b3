"""TensorFlow's error classes (``tf.errors``)."""

from __future__ import annotations

from gradiente.graph.errors import ABORTED as ABORTED
from gradiente.graph.errors import ALREADY_EXISTS as ALREADY_EXISTS
from gradiente.graph.errors import CANCELLED as CANCELLED
from gradiente.graph.errors import DATA_LOSS as DATA_LOSS
from gradiente.graph.errors import DEADLINE_EXCEEDED as DEADLINE_EXCEEDED
from gradiente.graph.errors import FAILED_PRECONDITION as FAILED_PRECONDITION
from gradiente.graph.errors import INTERNAL as INTERNAL
from gradiente.graph.errors import INVALID_ARGUMENT as INVALID_ARGUMENT
from gradiente.graph.errors import NOT_FOUND as NOT_FOUND
from gradiente.graph.errors import OK as OK
from gradiente.graph.errors import OUT_OF_RANGE as OUT_OF_RANGE
from gradiente.graph.errors import PERMISSION_DENIED as PERMISSION_DENIED
from gradiente.graph.errors import RESOURCE_EXHAUSTED as RESOURCE_EXHAUSTED
from gradiente.graph.errors import UNAUTHENTICATED as UNAUTHENTICATED
from gradiente.graph.errors import UNAVAILABLE as UNAVAILABLE
from gradiente.graph.errors import UNIMPLEMENTED as UNIMPLEMENTED
from gradiente.graph.errors import UNKNOWN as UNKNOWN
from gradiente.graph.errors import AbortedError as AbortedError
from gradiente.graph.errors import AlreadyExistsError as AlreadyExistsError
from gradiente.graph.errors import CancelledError as CancelledError
from gradiente.graph.errors import DataLossError as DataLossError
from gradiente.graph.errors import DeadlineExceededError as DeadlineExceededError
from gradiente.graph.errors import FailedPreconditionError as FailedPreconditionError
from gradiente.graph.errors import InternalError as InternalError
from gradiente.graph.errors import InvalidArgumentError as InvalidArgumentError
from gradiente.graph.errors import NotFoundError as NotFoundError
from gradiente.graph.errors import OpError as OpError
from gradiente.graph.errors import OutOfRangeError as OutOfRangeError
from gradiente.graph.errors import PermissionDeniedError as PermissionDeniedError
from gradiente.graph.errors import ResourceExhaustedError as ResourceExhaustedError
from gradiente.graph.errors import UnauthenticatedError as UnauthenticatedError
from gradiente.graph.errors import UnavailableError as UnavailableError
from gradiente.graph.errors import UnimplementedError as UnimplementedError
from gradiente.graph.errors import UnknownError as UnknownError
from gradiente.graph.errors import error_code_from_exception_type as error_code_from_exception_type
from gradiente.graph.errors import exception_type_from_error_code as exception_type_from_error_code

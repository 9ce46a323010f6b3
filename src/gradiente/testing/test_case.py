"""`tf.test.TestCase`: a unittest with sessions and with comparisons of arrays."""

# ruff: noqa: PT009, PT028 -- these methods are unittest's assertions, and are made of them

from __future__ import annotations

import contextlib
import random
import re
import tempfile
import types
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
from absl.testing import absltest

from gradiente.graph.default_session import get_default_session
from gradiente.graph.errors import OpError
from gradiente.graph.graph import Graph, get_default_graph, reset_default_graph
from gradiente.graph.operation import Tensor
from gradiente.graph.types import Array
from gradiente.runtime.session import Session

_SEED = 87654321
Predicate: TypeAlias = str | Callable[[BaseException], object]


def get_temp_dir() -> str:
    """Returns a folder for files of tests, made anew for each process."""
    if not _temporary:
        _temporary.append(tempfile.TemporaryDirectory(prefix="gradiente-test-"))
    return _temporary[0].name


_temporary: list[tempfile.TemporaryDirectory[str]] = []


class _NotATest:
    """A method that test loaders, which look at the class, don't take for a test although its name begins so."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self._function, instance)


class TestCase(absltest.TestCase):
    """A test that starts from an empty default graph and fixed random seeds."""

    def setUp(self) -> None:
        super().setUp()
        self._cached: Session | None = None
        self._temporary: str | None = None
        random.seed(_SEED)
        np.random.seed(_SEED)  # noqa: NPY002 -- programs draw from the global generator
        reset_default_graph()
        get_default_graph().seed = _SEED

    def tearDown(self) -> None:
        if self._cached is not None:
            self._cached.close()
            self._cached = None
        super().tearDown()

    def get_temp_dir(self) -> str:
        """Returns an empty folder, one for each test."""
        if self._temporary is None:
            self._temporary = tempfile.mkdtemp(dir=get_temp_dir())
        return self._temporary

    @contextlib.contextmanager
    def session(
        self, graph: Graph | None = None, config: Any = None, use_gpu: bool = False, force_gpu: bool = False
    ) -> Generator[Session, None, None]:
        """A new session, which is the default one inside its `with` block.

        Args:
            graph: by default the default graph.
            config: a `ConfigProto`.
            use_gpu: accepted; XLA decides.
            force_gpu: accepted; XLA decides.
        """
        del use_gpu, force_gpu
        with Session(graph=graph, config=config) as session:
            yield session

    @contextlib.contextmanager
    def cached_session(
        self, graph: Graph | None = None, config: Any = None, use_gpu: bool = False, force_gpu: bool = False
    ) -> Generator[Session, None, None]:
        """The session of this test: the same one, with its variables, each time it is asked for.

        Raises:
            ValueError: when it is asked for with another graph.
        """
        del use_gpu, force_gpu
        if self._cached is None:
            self._cached = Session(graph=graph, config=config)
        elif graph is not None and graph is not self._cached.graph:
            raise ValueError(
                "cached_session: this test's session has another graph.\n"
                "  Remedy: self.session(graph=...) makes a new session."
            )
        session = self._cached
        with session.graph.as_default(), session.as_default():
            yield session

    @_NotATest
    @contextlib.contextmanager
    def test_session(
        self, graph: Graph | None = None, config: Any = None, use_gpu: bool = False, force_gpu: bool = False
    ) -> Generator[Session, None, None]:
        """The session of this test, or with a `graph` a new one."""
        maker = self.cached_session if graph is None else self.session
        with maker(graph, config, use_gpu, force_gpu) as session:
            yield session

    def evaluate(self, tensors: Any) -> Any:
        """Returns the values of a nest of tensors, run in the default session or in this test's."""
        session = get_default_session()
        if session is not None:
            return session.run(tensors)
        with self.cached_session() as own:
            return own.run(tensors)

    def _value(self, value: Any) -> Any:
        return self.evaluate(value) if isinstance(value, Tensor) or hasattr(value, "initializer") else value

    def _array(self, value: Any) -> Array:
        return np.asarray(self._value(value))

    def assertAllClose(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: object = None
    ) -> None:
        """Asserts |a − b| ≤ atol + rtol·|b| for two arrays, tensors, or nests of them."""
        if isinstance(a, Mapping) or isinstance(b, Mapping):
            self._check_pairs(_dict(a), _dict(b), rtol, atol, msg)
            return
        if isinstance(a, list | tuple) and any(isinstance(each, Mapping | Tensor) for each in _list(a)):
            self.assertEqual(len(_list(a)), len(b), msg)
            for left, right in zip(_list(a), b, strict=True):
                self.assertAllClose(left, right, rtol, atol, msg)
            return
        np.testing.assert_allclose(
            _float(self._array(a)), _float(self._array(b)), rtol=rtol, atol=atol, err_msg=str(msg or "")
        )

    def _check_pairs(
        self, a: dict[Any, Any], b: dict[Any, Any], rtol: float, atol: float, msg: object
    ) -> None:
        self.assertCountEqual(a, b, msg)
        for key, value in a.items():
            self.assertAllClose(value, b[key], rtol, atol, msg or f"at key {key!r}")

    def assertAllCloseAccordingToType(
        self,
        a: Any,
        b: Any,
        rtol: float = 1e-6,
        atol: float = 1e-6,
        float_rtol: float = 1e-6,
        float_atol: float = 1e-6,
        half_rtol: float = 1e-3,
        half_atol: float = 1e-3,
        bfloat16_rtol: float = 1e-2,
        bfloat16_atol: float = 1e-2,
        msg: object = None,
    ) -> None:
        """`assertAllClose` with the tolerances of the less precise of the two types."""
        left, right = self._array(a), self._array(b)
        names = {left.dtype.name, right.dtype.name}
        for kinds, type_rtol, type_atol in (
            ({"float32", "complex64"}, float_rtol, float_atol),
            ({"float16"}, half_rtol, half_atol),
            ({"bfloat16"}, bfloat16_rtol, bfloat16_atol),
        ):
            if names & kinds:
                rtol, atol = max(rtol, type_rtol), max(atol, type_atol)
        self.assertAllClose(left, right, rtol, atol, msg)

    def assertNotAllClose(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: object = None
    ) -> None:
        """Asserts that `assertAllClose` would fail."""
        try:
            self.assertAllClose(a, b, rtol, atol)
        except AssertionError:
            return
        raise self.failureException(str(msg or "The two values are close at all elements."))

    def assertAllEqual(self, a: Any, b: Any, msg: object = None) -> None:
        """Asserts that two arrays or tensors have the same shape and the same values; NaN equals NaN."""
        left, right = self._array(a), self._array(b)
        self.assertEqual(left.shape, right.shape, msg)
        if left.dtype.kind in "OSU" or right.dtype.kind in "OSU":
            left, right = _bytes(left), _bytes(right)
        np.testing.assert_array_equal(left, right, err_msg=str(msg or ""))

    def assertNotAllEqual(self, a: Any, b: Any, msg: object = None) -> None:
        """Asserts that `assertAllEqual` would fail."""
        try:
            self.assertAllEqual(a, b)
        except AssertionError:
            return
        raise self.failureException(str(msg or "The two values are equal at all elements."))

    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        """Asserts that each element is greater than the target."""
        self.assertGreater(np.min(self._array(a)), comparison_target)

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        """Asserts that each element is less than the target."""
        self.assertLess(np.max(self._array(a)), comparison_target)

    def assertAllGreaterEqual(self, a: Any, comparison_target: Any) -> None:
        """Asserts that no element is less than the target."""
        self.assertGreaterEqual(np.min(self._array(a)), comparison_target)

    def assertAllLessEqual(self, a: Any, comparison_target: Any) -> None:
        """Asserts that no element is greater than the target."""
        self.assertLessEqual(np.max(self._array(a)), comparison_target)

    def assertAllInRange(
        self,
        target: Any,
        lower_bound: Any,
        upper_bound: Any,
        open_lower_bound: bool = False,
        open_upper_bound: bool = False,
    ) -> None:
        """Asserts that each element lies between the bounds, which are included unless they are open."""
        values = self._array(target)
        (self.assertAllGreater if open_lower_bound else self.assertAllGreaterEqual)(values, lower_bound)
        (self.assertAllLess if open_upper_bound else self.assertAllLessEqual)(values, upper_bound)

    def assertAllInSet(self, target: Any, expected_set: Iterable[Any]) -> None:
        """Asserts that each element is one of the set."""
        self.assertLessEqual(set(np.ravel(self._array(target)).tolist()), set(expected_set))

    def assertNear(self, f1: float, f2: float, err: float, msg: object = None) -> None:
        """Asserts |f1 − f2| ≤ err for two numbers."""
        if not (f1 == f2 or abs(f1 - f2) <= err):
            raise self.failureException(f"{f1} differs from {f2} by more than {err}{_after(msg)}")

    def assertArrayNear(self, farray1: Any, farray2: Any, err: float, msg: object = None) -> None:
        """Asserts |a − b| ≤ err element by element for two lists of numbers."""
        self.assertEqual(len(farray1), len(farray2), msg)
        for f1, f2 in zip(farray1, farray2, strict=True):
            self.assertNear(float(f1), float(f2), err, msg)

    def assertNDArrayNear(self, ndarray1: Any, ndarray2: Any, err: float, msg: object = None) -> None:
        """Asserts that the Euclidean norm of the difference of two arrays is less than `err`."""
        distance = float(np.linalg.norm(np.asarray(ndarray1) - np.asarray(ndarray2)))
        if not distance < err:
            raise self.failureException(f"The arrays are {distance} apart, and {err} is allowed{_after(msg)}")

    def assertShapeEqual(self, input_a: Any, input_b: Any, msg: object = None) -> None:
        """Asserts that two arrays or tensors have the same static shape."""
        self.assertEqual(_shape(input_a), _shape(input_b), msg)

    def assertDTypeEqual(self, target: Any, expected_dtype: Any) -> None:
        """Asserts that an array or tensor has this type."""
        dtype = target.dtype.as_numpy_dtype if isinstance(target, Tensor) else np.asarray(target).dtype
        expected: Any = getattr(expected_dtype, "as_numpy_dtype", expected_dtype)
        self.assertEqual(np.dtype(dtype), np.dtype(expected))

    def assertDeviceEqual(self, device1: Any, device2: Any, msg: object = None) -> None:
        """Asserts that two device names are the same."""
        self.assertEqual(str(device1 or "").lower(), str(device2 or "").lower(), msg)

    def assertStartsWith(self, actual: Any, expected_start: Any, msg: object = None) -> None:
        """Asserts that a text starts with another."""
        if not actual.startswith(expected_start):
            raise self.failureException(f"{actual!r} does not start with {expected_start!r}{_after(msg)}")

    @contextlib.contextmanager
    def assertRaisesWithPredicateMatch(  # pyright: ignore[reportIncompatibleMethodOverride] -- absl's is another
        self, exception_type: type[BaseException], expected_err_re_or_predicate: Predicate
    ) -> Generator[None, None, None]:
        """Asserts that the `with` block raises an error that a predicate accepts, or whose text a pattern matches."""
        expected = expected_err_re_or_predicate
        try:
            yield
        except exception_type as error:
            text = f"{error}\n{error.op.name}" if isinstance(error, OpError) and error.op else str(error)
            accepted = re.search(expected, text) if isinstance(expected, str) else expected(error)
            if not accepted:
                raise self.failureException(
                    f"{type(error).__name__} does not match {expected!r}: {error}"
                ) from error
        else:
            raise self.failureException(f"{exception_type.__name__} not raised")

    def assertRaisesOpError(
        self, expected_err_re_or_predicate: Predicate
    ) -> contextlib.AbstractContextManager[None]:
        """Asserts that the `with` block raises one of `tf.errors`."""
        return self.assertRaisesWithPredicateMatch(OpError, expected_err_re_or_predicate)

    def assertProtoEquals(
        self, expected_message_maybe_ascii: Any, validate_message: Any, msg: object = None
    ) -> None:
        """Asserts that a protocol buffer equals another, which may be given in text format."""
        from google.protobuf import text_format

        expected = expected_message_maybe_ascii
        if isinstance(expected, str | bytes):
            expected = text_format.Parse(expected, type(validate_message)())
        self.assertEqual(str(expected), str(validate_message), msg)


def _list(value: Any) -> list[Any]:
    return list(value)


def _dict(value: Any) -> dict[Any, Any]:
    return dict(value)


def _float(array: Array) -> Array:
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def _bytes(array: Array) -> Array:
    encoded = [value.encode() if isinstance(value, str) else value for value in array.ravel().tolist()]
    return np.array(encoded, object).reshape(array.shape)


def _shape(value: Any) -> tuple[Any, ...] | None:
    if isinstance(value, Tensor):
        return None if value.shape.plain is None else tuple(value.shape.plain)
    return tuple(np.shape(value))


def _after(msg: object) -> str:
    return f": {msg}" if msg else ""

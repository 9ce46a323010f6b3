"""Assertions (``tf.debugging``)."""

from __future__ import annotations

from gradiente.compat import missing_in as _missing_in
from gradiente.ops.assertions import assert_equal as assert_equal
from gradiente.ops.assertions import assert_greater as assert_greater
from gradiente.ops.assertions import assert_greater_equal as assert_greater_equal
from gradiente.ops.assertions import assert_integer as assert_integer
from gradiente.ops.assertions import assert_less as assert_less
from gradiente.ops.assertions import assert_less_equal as assert_less_equal
from gradiente.ops.assertions import assert_negative as assert_negative
from gradiente.ops.assertions import assert_non_negative as assert_non_negative
from gradiente.ops.assertions import assert_non_positive as assert_non_positive
from gradiente.ops.assertions import assert_none_equal as assert_none_equal
from gradiente.ops.assertions import assert_positive as assert_positive
from gradiente.ops.assertions import assert_rank as assert_rank
from gradiente.ops.assertions import assert_rank_at_least as assert_rank_at_least
from gradiente.ops.assertions import assert_rank_in as assert_rank_in
from gradiente.ops.assertions import assert_same_float_dtype as assert_same_float_dtype
from gradiente.ops.assertions import assert_scalar as assert_scalar
from gradiente.ops.assertions import assert_type as assert_type
from gradiente.ops.assertions import is_non_decreasing as is_non_decreasing
from gradiente.ops.assertions import is_numeric_tensor as is_numeric_tensor
from gradiente.ops.assertions import is_strictly_increasing as is_strictly_increasing
from gradiente.ops.checks import Assert as Assert
from gradiente.ops.checks import check_numerics as check_numerics
from gradiente.ops.closeness import assert_near as assert_near
from gradiente.ops.closeness import assert_proper_iterable as assert_proper_iterable
from gradiente.ops.rounding import is_finite as is_finite
from gradiente.ops.rounding import is_inf as is_inf
from gradiente.ops.rounding import is_nan as is_nan

__getattr__ = _missing_in("debugging")

from __future__ import annotations

import threading

import pytest

from gradiente.classify.model.ahead import in_order


def test_results_keep_their_order_and_few_are_waiting():
    taken = 0

    def items():
        nonlocal taken
        for item in range(100):
            taken += 1
            yield item

    most = 0
    for used, result in enumerate(in_order(lambda x: x * x, items(), ahead=7), 1):
        assert result == (used - 1) ** 2
        most = max(most, taken - used)
    assert (taken, most) == (100, 6)


def test_several_work_at_a_time():
    both = threading.Barrier(2, timeout=60)
    assert list(in_order(lambda x: both.wait() >= 0 and x, [1, 2], ahead=2)) == [1, 2]


def test_an_error_ends_it():
    found = in_order(lambda x: 1 // x, [1, 1, 0, 1], ahead=2)
    assert [next(found), next(found)] == [1, 1]
    with pytest.raises(ZeroDivisionError):
        next(found)
    assert list(in_order(str, [], ahead=3)) == []

from __future__ import annotations

from tests.images.mutate_images import mutated, outcome, whole


def test_whole_files_can_be_read():
    assert {outcome(whole(seed)) for seed in range(12)} == {"read"}


def test_damaged_files_are_read_or_quarantined_with_a_reason():
    outcomes = [outcome(mutated(seed)) for seed in range(216)]
    assert set(outcomes) == {"read", "quarantined"}

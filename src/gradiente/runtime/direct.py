"""The short way through a plan that is one device segment, as those of training steps and predictions are.

Where its fed values go and where its fetched ones come from is the same in every run. Finding that out from the tensors
each time took a tenth of a small step.
"""

from __future__ import annotations

from dataclasses import dataclass

from gradiente.runtime.plan import Plan, Segment


@dataclass(frozen=True)
class Direct:
    """The only segment of a plan.

    Attributes:
        segment: the segment.
        inputs: for each of its inputs, the position among the plan's feeds.
        fetches: for each of the plan's fetches, the position among its outputs.
    """

    segment: Segment
    inputs: list[int]
    fetches: list[int]

    @staticmethod
    def of(plan: Plan) -> Direct | None:
        """The short way of a plan; None where it has more to do than to feed a segment, run it and fetch its outputs."""
        if len(plan.segments) != 1:
            return None
        segment = plan.segments[0]
        feeds = {t: i for i, t in enumerate(plan.feeds)}
        outputs = {t: i for i, t in enumerate(segment.outputs)}
        if (
            segment.on_host
            or segment.static
            or any(t not in feeds for t in segment.inputs)
            or any(t not in outputs for t in plan.fetches)
        ):
            return None
        return Direct(segment, [feeds[t] for t in segment.inputs], [outputs[t] for t in plan.fetches])

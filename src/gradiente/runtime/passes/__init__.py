"""Graph passes: what a device segment's operations become before they are handed to XLA (docs/decisions/graph-passes.md)."""

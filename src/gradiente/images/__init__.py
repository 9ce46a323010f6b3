"""From image files to labelled examples and batches."""

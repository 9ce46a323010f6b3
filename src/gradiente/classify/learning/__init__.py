"""The training run: augmentation, steps, checkpoints, pretrained features, and how it is told."""

"""Readers and writers of files: records, examples, checkpoints, event files and images."""

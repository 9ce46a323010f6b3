"""A trained model: its graph and its files, read and checked, and the classifier that uses them."""

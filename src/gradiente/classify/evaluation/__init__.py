"""How good predictions are: scores, calibration, and the test phase."""

"""The report of a run: one HTML file with its pictures, in English and Spanish."""

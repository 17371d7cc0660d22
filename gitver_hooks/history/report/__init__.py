"""Writes the HTML report: one file without scripts that needs no network."""

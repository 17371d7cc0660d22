"""Errors, files, locks, masking and printing, for every other package. Standard library only."""

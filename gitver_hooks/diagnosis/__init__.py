"""Finds out what is wrong with an installation, without changing it."""

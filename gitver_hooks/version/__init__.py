"""Identifies versions: id, model name, diff, and what of it is secret."""

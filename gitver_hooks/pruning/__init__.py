"""Removes versions and kept code that nobody needs."""

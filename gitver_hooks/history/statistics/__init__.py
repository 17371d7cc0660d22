"""Tells change from chance: pure functions of plain numbers, with fixed seeds."""

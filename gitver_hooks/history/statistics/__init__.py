"""Tests whether numbers changed by more than chance: pure functions with fixed seeds."""

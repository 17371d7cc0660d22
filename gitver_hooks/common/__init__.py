"""Provides what all packages need: errors, files, locks, printing. Standard library only."""

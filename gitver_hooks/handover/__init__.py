"""Hands over from recording to running: file, state, snapshot. Standard library only."""

"""The wall between recording and running: file, state, snapshot. Standard library only."""

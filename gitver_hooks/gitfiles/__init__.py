"""Reads git's own files without git: index, refs, objects, ignore rules. Standard library only."""

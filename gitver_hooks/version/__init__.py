"""A version: its id, its model's name and its diff."""

"""Keeping: the code of dirty versions as git objects, held by refs that nobody sees."""

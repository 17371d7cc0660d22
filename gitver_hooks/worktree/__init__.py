"""Computes the content of a worktree as the tree that git would write, in pure Python."""

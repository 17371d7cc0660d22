"""The content of a worktree as the tree that git would make of it, in pure Python."""

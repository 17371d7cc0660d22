"""Opens the repository of a worktree: HEAD, branch, remote, objects, configuration."""

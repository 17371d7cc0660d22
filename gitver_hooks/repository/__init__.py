"""The repository of a worktree: HEAD, branch, remote, objects, configuration."""

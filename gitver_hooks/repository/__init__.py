"""The repository through dulwich: HEAD, branch, remote, configuration."""

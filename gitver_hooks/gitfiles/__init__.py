"""Git's own files, read without git: index, ignore rules, operations. Standard library only."""

"""Gets back the code of a version: from kept objects, from the remote, or from the diff."""

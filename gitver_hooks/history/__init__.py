"""The read side: what MLflow has recorded about each version, next to the history of its code."""

"""MLflow: its stores, its failures, and one LoggedModel for a version."""

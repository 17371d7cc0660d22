"""Talks to MLflow: stores, failures, and one LoggedModel for each version."""

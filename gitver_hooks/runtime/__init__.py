"""Activates the model of the running code in an app. Standard library only."""

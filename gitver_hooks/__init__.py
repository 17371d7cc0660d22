"""gitver-hooks: every MLflow trace linked to the exact code that produced it."""

__version__ = "0.1.0"

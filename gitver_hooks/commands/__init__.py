"""Defines the commands, one module each."""

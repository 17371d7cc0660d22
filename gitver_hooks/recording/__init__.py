"""Turns a change of the code into a LoggedModel and an active-model file."""

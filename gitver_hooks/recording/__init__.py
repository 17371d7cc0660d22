"""From a change of the code to a LoggedModel and the active-model file: record, outbox, deliver."""

"""How long things take that nobody should wait for: functions that start, stacks that are made."""

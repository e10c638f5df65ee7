"""Pure decisions: standard library only, no disk, no clock, no process."""

"""QMP without I/O: bytes in, messages out. What a command means is for others to know."""

"""QMP's commands, one function each, in modules named as QAPI's. Parsing, locking and waiting happen elsewhere."""

"""QEMU's command line: its grammars, its option groups, and how strings become values."""

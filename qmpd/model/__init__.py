"""The machine: object tree, memory backends, memory devices and the rules between them. No I/O, no clock, no JSON."""

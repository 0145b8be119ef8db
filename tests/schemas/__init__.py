"""The documents in schema/ and what is derived from them, held against JSON Schema's own rules and a real QEMU."""

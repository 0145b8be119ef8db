"""qmpd stands in for a QEMU process: exact QMP, an exact model of memory devices, no guest."""

__version__ = "0.1.0"

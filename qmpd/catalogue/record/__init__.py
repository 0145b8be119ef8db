"""The recorder: asks a real QEMU everything a catalogue holds and writes the file. Never used by the daemon.

``qmpd catalogue record --qemu PATH [--out DIR]``
"""

"""The edge of qmpd: sockets, signals, the real clock. QMP's rules are elsewhere; here are only bytes and processes."""

"""libvirt drives qmpd and the real QEMU through the same scenarios, and must not see a difference."""

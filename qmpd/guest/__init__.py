"""The simulated operating system: how it lives, what it does with memory devices, and when it refuses."""

"""What qmpd must say, because a real QEMU said it: transcripts, their runner, and a random side-by-side comparison."""

"""How fast qmpd is beside a real QEMU and beside the least that an asyncio server can do. Run it: see ``__main__``."""

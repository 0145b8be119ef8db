"""The block layer: nodes, what they are made of, and the drives on top of them. No data is ever read or written."""

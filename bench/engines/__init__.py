"""What drives each engine: `build` an index in a folder, and `Opened`, which answers."""

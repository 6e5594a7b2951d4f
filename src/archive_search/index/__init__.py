"""The index: documents in, results out.

`query` reads what was asked into a tree, an engine behind the interface of `engine` answers it, and
`whoosh_engine` is the embedded one.
"""

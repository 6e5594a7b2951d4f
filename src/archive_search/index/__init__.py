"""The search index: documents in, results out.

::

    text -> language -> Query -> engine -> answering -> Results
    Documents -> engine -> storage -> snapshot

`engine` is the interface, `whoosh_engine` what stands behind it on one machine; `storage` keeps the index,
`snapshot` is one commit of it opened for reading, and `offering` is what comes beside an answer.
"""

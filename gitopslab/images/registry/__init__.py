"""What a registry does, without HTTP: uploads, blobs, manifests, tags, referrers.

On ``images.content`` and ``images.tags``, which it shares with the builder. The forge puts it on the wire. Source: the
OCI distribution specification 1.1, whose conformance suite passes.
"""

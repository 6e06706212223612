"""Authentication: whom a bearer token stands for, and where tokens of service accounts come from.

``bearer`` knows every token the server accepts, ``accounts`` signs and checks those of service accounts, ``requests``
is the ``token`` subresource. The HTTP room calls it for every request; it reads headers and client certificates itself.
Leaves to others: what a caller may do (authorization), and the Secrets that hold tokens (their controller). Upstream:
``apiserver/pkg/authentication`` and ``pkg/serviceaccount``.
"""

"""Leaves: small rules of Kubernetes that hold no state and know no other room.

Here belongs what several rooms need and what can be tested with nothing but values: names, quantities,
selectors, merges, the list of kinds, the shape of objects, time. What opens a file, a socket or a database
does not belong here.
"""

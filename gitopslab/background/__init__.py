"""What every process of the lab that goes on in the background has in common, whatever it serves.

A cluster's control plane (``controlplane.daemon``) and its forge (``gitopslab.forge``) are such processes: one lock a
folder, one loopback socket, one line of JSON to the parent when they answer, and an end on SIGTERM. ``clusters`` starts
them and asks the lock whether they run.
"""

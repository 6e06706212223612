"""What every reconciler stands on: the Api it calls, the queue and cache that feed it, the loop that runs it.

Here belongs what is the same for a Deployment controller, a scheduler and a kubelet. What a kind means does
not belong here.
"""

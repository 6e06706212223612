"""Containers that really run: local processes for the images of the lab's registry.

``runtime`` is the ``Runtime`` of the kubelets here; what this machine cannot execute it leaves to the simulated one.
``pulls`` fetches images, ``command`` says what is executed, ``surroundings`` prepares files and environment, ``runs``
is one run from start to end, ``wardens`` and ``warden`` start processes and let none outlive the cluster, ``python`` is
what the host's Python sees inside of a pod, ``probing``, ``streams`` and ``measuring`` look at it from outside.

Nothing is run as more than the user, nothing goes through a shell that the image does not ask for, and nothing listens
where another machine could reach it. It is no fence: an image is as trustworthy as a program that one starts oneself.
"""

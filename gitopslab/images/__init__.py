"""Container images: their names, what they are made of, how they are built, kept, pushed, pulled and unpacked.

Here belongs what an image is by OCI's specifications, and the builder that makes one from a Dockerfile without a
container engine. ``lab``, the command line, the registry (``forge``), a job's ``docker`` command and whoever runs
containers call it. It leaves serving a registry to ``forge``, running containers to the kubelet, and pictures to
``views``. Everything is on disk and named by its digest. ``engine`` alone starts programs, ``client`` alone speaks
HTTP.
"""

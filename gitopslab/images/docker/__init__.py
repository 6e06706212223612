"""The ``docker`` command for machines without Docker: ``python -m gitopslab.images.docker``.

What a pipeline's job types is done by the lab's builder, store and client: login, logout, build, tag, push, pull,
images, inspect, rmi, run, logs, ps, stop, rm, version and info, with Docker's own wording of what it prints and of what
it refuses. The runner puts it on a job's PATH where no engine answers. Each command is a function in the modules here,
found through ``commands``. Source: the Docker command line, version 27 with BuildKit.
Simplified: other commands, and options that only a container engine can honour, are refused by name.
"""

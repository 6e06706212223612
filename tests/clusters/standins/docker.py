"""Docker 28, as far as the lab asks it."""

from __future__ import annotations

import sys

import replay

NOT_RUNNING = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"

arguments = replay.note_call("docker")
found = replay.clusters()
if replay.scenario() == "docker-off":
    replay.end(1, NOT_RUNNING)
if arguments[0] == "version":
    print("28.2.2")
elif arguments[0] == "ps":
    name = replay.value(arguments, "--filter").rpartition("=")[2]
    if "{{.Names}}" in arguments[-1]:
        print(f"k3d-{name}-server-0 server\nk3d-{name}-agent-0 agent\nk3d-{name}-serverlb loadbalancer")
        sys.exit()
    for _ in range(int(found.get(name, {}).get("nodes", 0))):  # type: ignore[call-overload]
        print("running" if found[name]["running"] else "exited")
elif arguments[0] in ("start", "stop"):
    for one in found.values():
        one["running"] = arguments[0] == "start"
    replay.keep(found)
    print("\n".join(arguments[1:]))
elif arguments[0] == "info":
    print("Docker Desktop" if replay.scenario() == "desktop" else "Ubuntu 24.04.2 LTS")
elif arguments[:2] == ["network", "inspect"]:
    # of a network in which this machine has an address; a rootless Docker's is in a namespace of its own
    gateway = "203.0.113.1" if replay.scenario() == "rootless" else "127.0.0.2"
    print('[{"Subnet":"fc00:f853:ccd::/64","Gateway":"fc00:f853:ccd::1"},'
          f'{{"Subnet":"172.18.0.0/16","Gateway":"{gateway}"}}]')  # fmt: skip
elif arguments[0] == "exec":
    if replay.scenario() == "node-gone":
        replay.end(1, f"Error response from daemon: container {arguments[1]} is not running")
    if "host.docker.internal" in arguments[-1]:
        print("192.168.65.254  STREAM host.docker.internal")
else:
    sys.exit(f"the stand-in for docker does not know {arguments}")

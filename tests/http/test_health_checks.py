from __future__ import annotations

from gitopslab.controlplane.http.health import health


def broken() -> None:
    raise OSError("disk gone")


def test_a_check_that_fails_makes_the_server_unhealthy() -> None:
    answer = health("/readyz", b"", {"etcd": broken})
    assert answer.code == 500
    assert b"[-]etcd failed: reason withheld" in answer.body
    assert answer.body.endswith(b"readyz check failed\n")


def test_a_failing_check_can_be_left_out() -> None:
    assert health("/readyz", b"exclude=etcd", {"etcd": broken}).code == 200


def test_a_single_check_can_fail() -> None:
    assert health("/livez/etcd", b"", {"etcd": broken}).code == 500


def test_what_was_excluded_is_told_and_so_is_what_could_not_be() -> None:
    answer = health("/livez", b"verbose&exclude=etcd&exclude=b&exclude=a", {"etcd": broken})
    lines = answer.body.decode().splitlines()
    assert lines[:4] == ["[+]ping ok", "[+]log ok", "[+]loopback-serving-certificate ok", "[+]etcd excluded: ok"]
    assert lines[-2:] == [
        'warn: some health checks cannot be excluded: no matches for "a","b"',
        "livez check passed",
    ]


def test_the_hooks_that_follow_a_start_are_checks_too() -> None:
    assert health("/readyz/poststarthook/rbac/bootstrap-roles", b"", {}).code == 200
    assert b"[+]poststarthook/rbac/bootstrap-roles ok\n" in health("/readyz", b"verbose", {}).body


def test_only_the_exact_paths_are_served() -> None:
    assert health("/healthz/", b"", {}).code == 404
    assert health("/readyz/loopback-serving-certificate", b"", {}).code == 404

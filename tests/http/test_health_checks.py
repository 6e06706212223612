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

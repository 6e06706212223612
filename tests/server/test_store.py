"""The log keeps every acknowledged write and its history."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitopslab.controlplane.server.store import Store
from gitopslab.errors import ApiError, GoneError, SetupError
from gitopslab.machinery.objects import Object


def config(name: str, value: str = "1") -> Object:
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name}, "data": {"v": value}}


def put(store: Store, name: str, value: str = "1", type: str = "ADDED", namespace: str = "n") -> int:
    return store.append(type, "configmaps", (namespace, name), config(name, value), 0.0).record.revision


def values(store: Store, revision: int) -> dict[str, str]:
    records = store.list_at("configmaps", revision)
    return {record.object["metadata"]["name"]: record.object["data"]["v"] for record in records}


def test_each_write_gets_the_next_resource_version_inside_its_bytes() -> None:
    store = Store()
    assert [put(store, "a"), put(store, "b")] == [1, 2]
    record = store.get("configmaps", ("n", "b"))
    assert record is not None
    assert record.copy()["metadata"]["resourceVersion"] == "2"


def test_a_reopened_store_holds_what_was_written_and_counts_on(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    put(store, "a")
    put(store, "b")
    put(store, "b", type="DELETED")
    again = Store(tmp_path / "db")  # the first was never closed, as after a kill
    assert [record.object["metadata"]["name"] for record in again.list("configmaps")] == ["a"]
    assert put(again, "c") == 4


def test_a_list_is_ordered_by_path_and_can_be_cut_to_one_namespace() -> None:
    store = Store()
    for namespace, name in (("b", "x"), ("a", "y"), ("a-b", "q"), ("a", "x")):
        put(store, name, namespace=namespace)
    every = store.list("configmaps")
    assert [record.revision for record in every] == [3, 4, 2, 1], "a-b/q stands before a/x, as in etcd"
    assert [record.revision for record in store.list("configmaps", "a")] == [4, 2]


def test_history_shows_the_objects_as_they_were() -> None:
    store = Store()
    put(store, "a", "1")
    put(store, "b", "1")
    put(store, "a", "2", "MODIFIED")
    put(store, "b", "1", "DELETED")
    assert values(store, 2) == {"a": "1", "b": "1"}
    assert values(store, 3) == {"a": "2", "b": "1"}
    assert values(store, 4) == {"a": "2"}


def test_changes_since_a_revision_know_the_state_before() -> None:
    store = Store()
    put(store, "a", "1")
    put(store, "a", "2", "MODIFIED")
    put(store, "a", "2", "DELETED")
    put(store, "a", "3")
    changes = list(store.since("configmaps", 1))
    assert [change.type for change in changes] == ["MODIFIED", "DELETED", "ADDED"]
    assert [change.before and change.before.object["data"]["v"] for change in changes] == ["1", "2", None]


def test_compaction_keeps_current_objects_and_refuses_older_history() -> None:
    store = Store()
    put(store, "a", "1")
    put(store, "a", "2", "MODIFIED")
    put(store, "gone")
    put(store, "gone", type="DELETED")
    put(store, "a", "3", "MODIFIED")
    put(store, "b")
    store.compact(5)
    assert values(store, 6) == {"a": "3", "b": "1"}
    assert values(store, 5) == {"a": "3"}
    with pytest.raises(GoneError, match=r"too old resource version: 4 \(5\)"):
        list(store.since("configmaps", 4))
    assert [change.type for change in store.since("configmaps", 5)] == ["ADDED"]


def test_compaction_never_lets_the_revision_go_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    put(store, "a")
    put(store, "a", type="DELETED")
    store.compact(99)
    store.close()
    again = Store(tmp_path / "db")
    assert (again.revision, again.compacted) == (2, 2)


def test_a_database_of_another_layout_is_refused_and_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    put(store, "a")
    store._db.execute("PRAGMA user_version=99")
    store.close()
    before = (tmp_path / "db").read_bytes()
    with pytest.raises(SetupError, match="layout 99"):
        Store(tmp_path / "db")
    assert (tmp_path / "db").read_bytes() == before


def test_a_file_that_is_no_database_is_refused_with_a_next_step(tmp_path: Path) -> None:
    (tmp_path / "db").write_text("this is not SQLite, it is a diary" * 40)
    with pytest.raises(SetupError, match="cannot be opened") as caught:
        Store(tmp_path / "db")
    assert "keep it aside" in caught.value.hint


def test_a_damaged_database_is_refused_whether_its_head_or_its_rows_are_hit(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    for number in range(50):
        put(store, f"a{number}", "x" * 500)
    store.close()
    whole = (tmp_path / "db").read_bytes()
    for at in (100, 8192, len(whole) // 2):
        (tmp_path / "db").write_bytes(whole[:at] + b"\xff" * 4096 + whole[at + 4096 :])
        with pytest.raises(SetupError, match="cannot be opened") as caught:
            Store(tmp_path / "db")
        assert "keep it aside" in caught.value.hint


def test_a_compaction_that_fails_leaves_no_transaction_open(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    put(store, "a")
    put(store, "a", "2", "MODIFIED")
    store._db.execute("CREATE TRIGGER full BEFORE DELETE ON log BEGIN SELECT raise(ABORT, 'disk is full'); END")
    with pytest.raises(ApiError, match="disk is full"):
        store.compact(2)
    assert (store.compacted, put(store, "b")) == (0, 3)
    assert Store(tmp_path / "db").revision == 3, "what was acknowledged afterwards is committed"


def test_a_full_disk_refuses_the_write_and_keeps_what_was_there(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    put(store, "a")
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(ApiError, match="full") as caught:
        put(store, "b", "x" * 100_000)
    assert "Next: free some space on its disk" in caught.value.message, "clients see only the message"
    assert store.revision == 1
    assert store.get("configmaps", ("n", "b")) is None
    store._db.execute("PRAGMA max_page_count=1073741823")
    assert put(store, "b") == 2

"""Server-side apply and updates in any order do what a small model of field ownership says."""

from __future__ import annotations

from dataclasses import dataclass, field

from builders import ADMIN
from hypothesis import given, settings
from hypothesis import strategies as st

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import WriteOptions
from gitopslab.controlplane.server.store import Store
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import ConflictError
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object


@dataclass
class Model:
    """Values and who owns them, as the rules of server-side apply have it for fields without parts."""

    values: dict[str, str] = field(default_factory=dict)
    owners: dict[str, set[str]] = field(default_factory=dict)

    def apply(self, manager: str, wanted: dict[str, str], *, force: bool) -> bool:
        """What a manager's apply does; False when it is refused."""
        differing = {key for key, value in wanted.items() if self.values.get(key, value) != value}
        if not force and any(self.owners[key] - {manager} for key in differing):
            return False
        for key, value in wanted.items():
            self.owners[key] = {manager} if key in differing else self.owners.get(key, set()) | {manager}
            self.values[key] = value
        for key in [key for key, owners in self.owners.items() if manager in owners and key not in wanted]:
            self.owners[key].discard(manager)
            if not self.owners[key]:
                del self.owners[key], self.values[key]
        return True

    def update(self, manager: str, changes: dict[str, str | None]) -> None:
        """What a patch does: who changes a field owns it alone, and what is removed is nobody's."""
        for key, value in changes.items():
            if value is None:
                self.values.pop(key, None)
                self.owners.pop(key, None)
            elif self.values.get(key) != value:
                self.values[key], self.owners[key] = value, {f"{manager} by update"}


class Server:
    """An API server with one ConfigMap."""

    def __init__(self) -> None:
        self._verbs = Verbs(Store(), JumpableClock())
        api = LocalApi(self._verbs, ADMIN)
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
        found = self._verbs.catalog.by_key("configmaps")
        assert found is not None
        self._maps = found

    def patch(self, manager: str, patch: Object, *, is_apply: bool, force: bool = False) -> None:
        options = WriteOptions(field_manager=manager, force=force)
        self._verbs.patch(ADMIN, self._maps, "default", "a", patch, "apply" if is_apply else "merge", options)

    def apply(self, manager: str, data: dict[str, str], *, force: bool) -> bool:
        config: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
        if data:  # an empty map is a field of its own, and not what is tried here
            config["data"] = data
        try:
            self.patch(manager, config, is_apply=True, force=force)
        except ConflictError:
            return False
        return True

    @property
    def state(self) -> tuple[dict[str, str], dict[str, set[str]], str]:
        """Values, who owns them, and the resourceVersion."""
        obj = self._verbs.get(ADMIN, self._maps, "default", "a").object
        owners: dict[str, set[str]] = {}
        for entry in obj["metadata"].get("managedFields", ()):
            name = entry["manager"] + ("" if entry["operation"] == "Apply" else " by update")
            for path in entry["fieldsV1"].get("f:data", {}):
                if path != ".":
                    owners.setdefault(path.removeprefix("f:"), set()).add(name)
        return obj.get("data", {}), owners, obj["metadata"]["resourceVersion"]


MANAGERS = st.sampled_from(["alice", "bob", "carol"])
KEYS, VALUES = st.sampled_from("abc"), st.sampled_from("12")
WISHES = st.dictionaries(KEYS, VALUES, max_size=3)
APPLIES = st.tuples(st.just("apply"), MANAGERS, WISHES, st.booleans())
UPDATES = st.tuples(st.just("update"), MANAGERS, st.dictionaries(KEYS, st.none() | VALUES, max_size=2), st.booleans())


@settings(max_examples=60)
@given(st.lists(APPLIES | UPDATES, max_size=7))
def test_applies_and_updates_in_any_order_do_what_the_rules_say(
    steps: list[tuple[str, str, dict[str, str], bool]],
) -> None:
    server, model = Server(), Model({"z": "0"}, {"z": {"keeper"}})
    assert server.apply("keeper", {"z": "0"}, force=False)  # an object that nobody owns a part of is not tracked
    for kind, manager, wanted, force in steps:
        if kind == "apply":
            assert server.apply(manager, wanted, force=force) == model.apply(manager, wanted, force=force)
        else:
            server.patch(manager, {"data": wanted}, is_apply=False)
            model.update(manager, dict(wanted))
        values, owners, _ = server.state
        assert (values, owners) == (model.values, model.owners)


@settings(max_examples=40)
@given(st.lists(st.tuples(MANAGERS, WISHES), min_size=1, max_size=4))
def test_applying_the_same_again_writes_nothing(steps: list[tuple[str, dict[str, str]]]) -> None:
    server = Server()
    for manager, wanted in steps:
        server.apply(manager, wanted, force=True)
        before = server.state
        assert server.apply(manager, wanted, force=True)
        assert server.apply(manager, wanted, force=False)
        assert server.state == before


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from("abc"), VALUES), st.dictionaries(st.sampled_from("xyz"), VALUES))
def test_who_own_different_fields_never_meet(ours: dict[str, str], theirs: dict[str, str]) -> None:
    outcomes = []
    for order in ((("alice", ours), ("bob", theirs)), (("bob", theirs), ("alice", ours))):
        server = Server()
        for manager, wanted in order:
            assert server.apply(manager, wanted, force=False)
        outcomes.append(server.state[:2])
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] == {**ours, **theirs}


def test_an_object_whose_last_owner_gives_up_everything_is_nobodys() -> None:
    server = Server()
    server.apply("alice", {"a": "1"}, force=False)
    server.apply("alice", {}, force=False)
    values, owners, _ = server.state
    assert (values, owners) == ({}, {})

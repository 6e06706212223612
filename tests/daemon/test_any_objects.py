"""Whatever objects there are, nobody fails over them, and everybody finds rest."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from fuzzing.documents import Documents

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.server.decode import check
from gitopslab.controlplane.server.store import Store
from gitopslab.errors import ApiError
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, name_of, namespace_of

_MOST = 50  # replicas, lest most of the time goes into making pods


class Users:
    """People who make, change and delete objects that the API takes, however odd."""

    def __init__(self, plane: ControlPlane, dice: random.Random) -> None:
        self._api = plane.api
        self._catalog = plane.verbs.catalog
        self._dice = dice
        self._documents = Documents(dice, wild=False)
        self._made: list[Object] = []

    def act(self) -> None:
        """Do one thing; the API may refuse it, with reason."""
        doings = (self._create, self._create, self._create, self._change, self._change, self._delete)
        try:
            self._dice.choice(doings if self._made else (self._create,))()
        except ApiError as error:
            if error.code >= 500:
                raise

    def _create(self) -> None:
        wanted = self._documents.good()
        wanted["metadata"].setdefault("namespace", "default")
        self._made.append(self._api.create(self._odd(wanted)))

    def _change(self) -> None:
        known = self._known()
        subresource = self._dice.choice(("", "status"))
        self._api.update(self._odd(known), subresource)

    def _delete(self) -> None:
        known = self._known()
        self._api.delete(self._resource(known).key, name_of(known), namespace_of(known))

    def _known(self) -> Object:
        made = self._dice.choice(self._made)
        return self._api.get(self._resource(made).key, name_of(made), namespace_of(made))

    def _resource(self, obj: Object) -> Resource:
        found = self._catalog.of(obj)
        if found is None:
            raise ApiError(404, "NotFound", "its definition is not there")
        return found

    def _odd(self, known: Object) -> Object:
        """As it comes over the wire."""
        grown = self._documents.grown(known)
        if grown.get("spec", {}).get("replicas", 0) > _MOST:
            grown["spec"]["replicas"] = _MOST
        return check(self._resource(known), grown, "Ignore")[0]


@pytest.mark.parametrize("seed", range(4))
def test_any_objects_leave_the_control_plane_well(seed: int, tmp_path: Path) -> None:
    clock, dice = JumpableClock(), random.Random(seed)
    path = tmp_path / "state.db"
    plane = ControlPlane(clock, Store(path), bare=True)
    plane.settle()
    users = Users(plane, dice)
    for _ in range(60):
        for _ in range(10):
            users.act()
        plane.manager.advance(dice.choice((0.0, 1.0, 20.0)))  # a reconciler that fails says so in the log
    plane.close()
    after_a_restart = ControlPlane(clock, Store(path), bare=True)
    after_a_restart.advance(60.0)
    after_a_restart.close()

"""Roles and bindings decide; nobody hands out more than he has, nor becomes somebody else unasked."""

from __future__ import annotations

import pytest
from builders import RBAC, cluster_role, cluster_role_binding, role, role_binding

from gitopslab.controlplane.server.authorization import rbac
from gitopslab.controlplane.server.authorization.attributes import Access
from gitopslab.controlplane.server.authorization.impersonation import Impersonation, Wanted
from gitopslab.controlplane.server.authorization.policy import default_policy
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import Caller
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import ApiError, NotFoundError
from gitopslab.machinery.objects import Object
from gitopslab.machinery.policyrules import Rule, missing

JANE = Caller("jane", ("dev", "system:authenticated"))
BOT = Caller("system:serviceaccount:default:bot", ("system:serviceaccounts", "system:serviceaccounts:default"))


def rule(verbs: str, resources: str, group: str = "", names: str = "") -> Object:
    found: Object = {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split()}
    return {**found, "resourceNames": names.split()} if names else found


def get(resource: str, namespace: str = "default", **more: str) -> Access:
    return Access("get", resource=resource, namespace=namespace, **more)


# -- one rule ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spelled", "access", "allowed"),
    [
        (rule("get", "pods"), get("pods"), True),
        (rule("get", "pods"), Access("list", resource="pods"), False),
        (rule("*", "pods"), Access("list", resource="pods"), True),
        (rule("get", "pods"), get("secrets"), False),
        (rule("get", "*"), get("secrets"), True),
        (rule("get", "pods", "apps"), get("pods"), False),
        (rule("get", "pods", "*"), get("pods", group="apps"), True),
        (rule("get", "pods"), get("pods", subresource="log"), False),
        (rule("get", "pods/log"), get("pods", subresource="log"), True),
        (rule("get", "pods/log"), get("pods"), False),
        (rule("get", "*/log"), get("pods", subresource="log"), True),
        (rule("get", "*/scale"), get("pods", subresource="log"), False),
        (rule("get", "pods", names="a b"), get("pods", name="b"), True),
        (rule("get", "pods", names="a"), get("pods", name="b"), False),
        (rule("create", "pods", names="a"), Access("create", resource="pods"), False),
        ({"verbs": ["get"], "nonResourceURLs": ["/api/*"]}, Access("get", path="/api/v1"), True),
        ({"verbs": ["get"], "nonResourceURLs": ["/api/*"]}, Access("get", path="/api"), False),
        ({"verbs": ["get"], "nonResourceURLs": ["*"]}, Access("get", path="/"), True),
        ({"verbs": ["get"], "nonResourceURLs": ["*"]}, get("pods"), False),
        (rule("*", "*", "*"), Access("get", path="/metrics"), False),
    ],
    ids=[
        "exact", "another verb", "all verbs", "another resource", "all resources", "another group", "all groups",
        "a subresource needs its own", "subresource", "subresource alone", "subresource of all", "another subresource",
        "named", "another name", "names never allow a create", "path below", "path itself", "all paths",
        "paths are no resources", "resources are no paths",
    ],
)  # fmt: skip
def test_a_rule_allows_what_it_says(spelled: Object, access: Access, allowed: bool) -> None:
    assert Rule.of(spelled).allows(access) is allowed


@pytest.mark.parametrize(
    ("held", "wanted", "lacking"),
    [
        ([rule("get list", "pods")], [rule("get", "pods")], []),
        ([rule("get", "pods"), rule("get", "secrets")], [rule("get", "pods secrets")], []),
        ([rule("*", "*", "*")], [rule("get", "pods", names="a")], []),
        (
            [rule("get", "pods")],
            [rule("get list watch", "pods")],
            ['{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}'],
        ),
        (
            [rule("get", "pods", names="a")],
            [rule("get", "pods")],
            ['{APIGroups:[""], Resources:["pods"], Verbs:["get"]}'],
        ),
        (
            [rule("get", "pods", names="a")],
            [rule("get", "pods", names="a b")],
            ['{APIGroups:[""], Resources:["pods"], ResourceNames:["b"], Verbs:["get"]}'],
        ),
        (
            [{"verbs": ["get"], "nonResourceURLs": ["/a*"]}],
            [{"verbs": ["get"], "nonResourceURLs": ["/ab", "/b"]}],
            ['{NonResourceURLs:["/b"], Verbs:["get"]}'],
        ),
    ],
    ids=["less", "from two rules", "everything", "verbs", "all names", "one name", "paths"],
)
def test_what_is_missing_is_told_resource_by_resource(
    held: list[Object], wanted: list[Object], lacking: list[str]
) -> None:
    assert list(map(str, missing(map(Rule.of, held), map(Rule.of, wanted)))) == lacking


# -- roles and bindings -----------------------------------------------------------------------------------------------


def test_a_role_counts_in_its_namespace_and_a_cluster_role_where_it_is_bound(verbs: Verbs, api: LocalApi) -> None:
    allows = verbs.authorizer.allows
    api.create(role("reader", rule("get", "pods")))
    assert not allows(JANE, get("pods"))
    api.create(role_binding("one", "reader", user="jane"))
    assert allows(JANE, get("pods"))
    assert not allows(JANE, get("pods", "other"))
    api.create(cluster_role("secrets", rule("get", "secrets")))
    api.create(role_binding("two", "secrets", kind="ClusterRole", group="dev"))
    assert allows(JANE, get("secrets"))
    assert not allows(JANE, get("secrets", "other"))
    api.create(cluster_role_binding("three", "secrets", group="dev"))
    assert allows(JANE, get("secrets", "other"))
    assert allows(JANE, get("secrets", ""))


def test_a_decision_lasts_only_as_long_as_what_it_was_made_from(verbs: Verbs, api: LocalApi) -> None:
    api.create(role("reader", rule("get", "pods")))
    api.create(role_binding("reader", "reader", user="jane"))
    assert verbs.authorizer.allows(JANE, get("pods"))
    api.patch(f"roles.{RBAC}", "reader", {"rules": [rule("get", "services")]}, "default")
    assert not verbs.authorizer.allows(JANE, get("pods"))
    assert verbs.authorizer.allows(JANE, get("services"))
    api.delete(f"rolebindings.{RBAC}", "reader", "default")
    assert not verbs.authorizer.allows(JANE, get("services"))


def test_a_service_account_is_a_subject_of_its_own(verbs: Verbs, api: LocalApi) -> None:
    api.create(role("reader", rule("get", "pods")))
    binding = role_binding("reader", "reader", user="x")
    binding["subjects"] = [{"kind": "ServiceAccount", "name": "bot", "namespace": "default"}]
    api.create(binding)
    decision = verbs.authorizer.decide(BOT, get("pods"))
    assert decision.allowed
    assert decision.reason == (
        'RBAC: allowed by RoleBinding "reader/default" of Role "reader" to ServiceAccount "bot/default"'
    )
    assert not verbs.authorizer.allows(Caller("bot"), get("pods"))


def test_a_binding_to_nothing_is_told(verbs: Verbs, api: LocalApi) -> None:
    api.create(cluster_role_binding("lost", "gone", user="jane"))
    decision = verbs.authorizer.decide(JANE, get("pods"))
    assert not decision.allowed
    assert decision.reason == 'RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found'


def test_masters_are_never_asked(verbs: Verbs) -> None:
    decision = verbs.authorizer.decide(Caller("root", ("system:masters",)), Access("anything", path="/"))
    assert (decision.allowed, decision.reason) == (True, "")


def test_strangers_cannot_make_memory_grow(verbs: Verbs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rbac, "_MOST_KEPT", 10)
    for number in range(25):
        verbs.authorizer.decide(Caller(f"u{number}"), get("pods"))
    assert len(verbs.authorizer._decisions) == len(verbs.authorizer._grants) == 5


def make_policy(api: LocalApi) -> None:
    for name in ("kube-system", "kube-public"):
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    for obj in default_policy():
        api.create(obj)


def test_each_controller_may_do_its_own_work(verbs: Verbs, api: LocalApi) -> None:
    make_policy(api)
    allows, prefix = verbs.authorizer.allows, "system:serviceaccount:kube-system:"
    status = Access("update", "apps", "deployments", "status", namespace="default")
    assert allows(Caller(f"{prefix}deployment-controller"), status)
    assert not allows(Caller(f"{prefix}cronjob-controller"), status)
    secrets = Access("delete", "", "secrets", namespace="kube-system")
    assert allows(Caller(f"{prefix}token-cleaner"), secrets)
    assert not allows(Caller(f"{prefix}token-cleaner"), secrets._replace(namespace="default"))


def test_programs_may_lead_and_read_who_they_trust(verbs: Verbs, api: LocalApi) -> None:
    make_policy(api)
    allows, scheduler = verbs.authorizer.allows, Caller("system:kube-scheduler")
    trusted = Access("get", "", "configmaps", namespace="kube-system", name="extension-apiserver-authentication")
    assert allows(scheduler, trusted)
    assert not allows(scheduler, trusted._replace(name="other"))
    lease = Access("update", "coordination.k8s.io", "leases", namespace="kube-system", name="any")
    assert allows(Caller("system:serviceaccount:kube-system:leader-election-controller"), lease)


def test_a_new_cluster_lets_people_ask_what_they_may_do_and_little_else(verbs: Verbs, api: LocalApi) -> None:
    make_policy(api)
    allows, somebody = verbs.authorizer.allows, Caller("jane", ("system:authenticated",))
    nobody = Caller("system:anonymous", ("system:unauthenticated",))
    review = Access("create", "authorization.k8s.io", "selfsubjectaccessreviews")
    assert allows(somebody, review)
    assert not allows(nobody, review)
    assert allows(somebody, Access("get", path="/apis/apps/v1"))
    assert not allows(nobody, Access("get", path="/apis/apps/v1"))
    assert allows(nobody, Access("get", path="/readyz"))
    assert not allows(somebody, get("pods"))


# -- handing out rights -----------------------------------------------------------------------------------------------


@pytest.fixture
def jane(verbs: Verbs, api: LocalApi) -> LocalApi:
    """Somebody who may write roles and bindings, and read pods, in one namespace."""
    api.create(role("own", rule("create patch", "roles rolebindings", RBAC), rule("get", "pods")))
    api.create(role_binding("own", "own", user="jane"))
    return LocalApi(verbs, JANE)


def refused(api: LocalApi, obj: Object) -> str:
    with pytest.raises(ApiError) as caught:
        api.create(obj)
    assert caught.value.code == 403
    return caught.value.message


def test_a_role_gives_no_more_than_its_writer_has(jane: LocalApi) -> None:
    jane.create(role("less", rule("get", "pods")))
    assert refused(jane, role("more", rule("get list", "pods secrets"))) == (
        'roles.rbac.authorization.k8s.io "more" is forbidden: user "jane" (groups=["dev" "system:authenticated"]) is '
        "attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["pods"], Verbs:["list"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}'
    )


def test_a_role_cannot_grow_later_either(jane: LocalApi) -> None:
    jane.create(role("less", rule("get", "pods")))
    with pytest.raises(ApiError, match="not currently held"):
        jane.patch(f"roles.{RBAC}", "less", {"rules": [rule("get", "secrets")]}, "default")
    jane.patch(f"roles.{RBAC}", "less", {"metadata": {"labels": {"a": "b"}}}, "default")


def test_a_binding_gives_no_more_than_its_writer_has(jane: LocalApi, api: LocalApi) -> None:
    api.create(role("secrets", rule("get", "secrets")))
    api.create(role("pods", rule("get", "pods")))
    assert "not currently held" in refused(jane, role_binding("b", "secrets", user="eve"))
    jane.create(role_binding("b", "pods", user="eve"))
    with pytest.raises(NotFoundError, match=r'rolebindings\.rbac\.authorization\.k8s\.io "nope" not found'):
        jane.create(role_binding("c", "nope", user="eve"))


def test_the_verbs_bind_and_escalate_lift_the_check(jane: LocalApi, api: LocalApi) -> None:
    api.create(cluster_role("view", rule("get list", "*", "*")))
    assert "not currently held" in refused(jane, role_binding("v", "view", kind="ClusterRole", user="eve"))
    api.create(role("binder", rule("bind", "clusterroles", RBAC, "view"), rule("escalate", "roles", RBAC)))
    api.create(role_binding("binder", "binder", user="jane"))
    jane.create(role_binding("v", "view", kind="ClusterRole", user="eve"))
    jane.create(role("more", rule("*", "secrets")))


def test_only_who_may_do_everything_can_aggregate(verbs: Verbs, api: LocalApi) -> None:
    api.create(cluster_role("writer", rule("*", "clusterroles", RBAC)))
    api.create(cluster_role_binding("writer", "writer", user="jane"))
    gathering = {**cluster_role("all"), "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}}
    assert refused(LocalApi(verbs, Caller("eve")), gathering) == (
        'clusterroles.rbac.authorization.k8s.io "all" is forbidden: must have cluster-admin privileges to use the '
        "aggregationRule"
    )
    LocalApi(verbs, JANE).create(gathering)  # every verb on cluster roles includes escalate


# -- being somebody else ----------------------------------------------------------------------------------------------


LIST = Access("list", resource="pods", namespace="default")


def become(verbs: Verbs, who: Caller, wanted: Wanted) -> Caller | str:
    try:
        return Impersonation(verbs.authorizer).caller(who, wanted, LIST)
    except ApiError as error:
        return error.message


MASTER = Caller("root", ("system:masters",))
NODE = ("system:nodes", "system:authenticated")
ACCOUNT = ("system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated")


@pytest.mark.parametrize(
    ("wanted", "groups"),
    [
        (Wanted("bob"), ("system:authenticated",)),
        (Wanted("bob", groups=("x",)), ("x", "system:authenticated")),
        (Wanted("bob", groups=("system:unauthenticated",)), ("system:unauthenticated",)),
        (Wanted("system:anonymous"), ("system:unauthenticated",)),
        (Wanted("system:serviceaccount:a:b"), ACCOUNT),
        (Wanted("system:serviceaccount:a:b", groups=("x",)), ("x", "system:authenticated")),
        (Wanted("system:node:n"), NODE),
        (Wanted("bob", groups=("system:masters",)), ("system:masters", "system:authenticated")),
    ],
    ids=["a user", "with a group", "not authenticated", "nobody", "an account", "an account with a group", "a node",
         "a master"],
)  # fmt: skip
def test_who_may_do_everything_can_be_anybody(verbs: Verbs, wanted: Wanted, groups: tuple[str, ...]) -> None:
    found = become(verbs, MASTER, wanted)
    assert isinstance(found, Caller)
    assert (found.user, found.groups) == (wanted.user, groups)


def test_to_be_somebody_one_needs_the_verb_on_everything_that_is_asked_for(verbs: Verbs, api: LocalApi) -> None:
    authentication = "authentication.k8s.io"
    api.create(cluster_role("bob", rule("impersonate", "users", names="bob")))
    api.create(cluster_role_binding("bob", "bob", user="jane"))
    assert become(verbs, JANE, Wanted("bob")) == Caller("bob", ("system:authenticated",))
    ways = Impersonation(verbs.authorizer)
    ways.caller(JANE, Wanted("bob"), LIST)  # from now on the way that worked is tried, and told, first
    for wanted, text in (
        (Wanted("eve"), 'users "eve" is forbidden: User "jane" cannot impersonate resource "users" in API group ""'),
        (Wanted("bob", groups=("ops",)), 'groups "ops" is forbidden: User "jane" cannot impersonate resource "groups"'),
        (Wanted("bob", "7"), f'uids.{authentication} "7" is forbidden: User "jane" cannot impersonate resource "uids"'),
        (
            Wanted("bob", extra=(("acme.com/p", ("v",)),)),
            f'userextras.{authentication} "v" is forbidden: User "jane" cannot impersonate resource '
            '"userextras/acme.com/p"',
        ),
    ):
        with pytest.raises(ApiError) as caught:
            ways.caller(JANE, wanted, LIST)
        assert caught.value.message.startswith(text)


def test_constrained_impersonation_covers_the_very_request(verbs: Verbs, api: LocalApi) -> None:
    first = (
        'pods is forbidden: User "jane" cannot impersonate-on:user-info:list resource "pods" in API group "" '
        'in the namespace "default"'
    )
    assert become(verbs, JANE, Wanted("bob")) == first
    authentication = "authentication.k8s.io"
    api.create(cluster_role("who", rule("impersonate:user-info", "users", authentication, "bob")))
    api.create(cluster_role_binding("who", "who", user="jane"))
    assert become(verbs, JANE, Wanted("bob")) == first
    api.create(role("what", rule("impersonate-on:user-info:list", "pods")))
    api.create(role_binding("what", "what", user="jane"))
    assert become(verbs, JANE, Wanted("bob")) == Caller("bob", ("system:authenticated",))
    assert "cannot impersonate:user-info" in str(become(verbs, JANE, Wanted("eve")))


def test_an_account_may_be_given_its_own_node(verbs: Verbs, api: LocalApi) -> None:
    extra = (("authentication.kubernetes.io/node-name", ("n1",)),)
    agent = Caller(BOT.user, BOT.groups, extra=extra)
    authentication = "authentication.k8s.io"
    api.create(
        cluster_role(
            "own-node",
            rule("impersonate:associated-node", "nodes", authentication),
            rule("impersonate-on:associated-node:list", "pods"),
        )
    )
    api.create(cluster_role_binding("own-node", "own-node", group="system:serviceaccounts"))
    assert become(verbs, agent, Wanted("system:node:n1")) == Caller("system:node:n1", NODE)
    assert "cannot impersonate-on:arbitrary-node" in str(become(verbs, agent, Wanted("system:node:n2")))

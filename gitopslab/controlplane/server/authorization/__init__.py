"""Authorization: who may do what (RBAC), who may act as somebody else, and who may hand out rights.

``attributes`` is the question, ``rules`` the pure rule of one answer, ``rbac`` the answer out of the roles and bindings
that are stored, ``impersonation`` and ``escalation`` the two checks that go beyond a request itself, and ``reviews``
the kinds that ask such questions through the API. The HTTP room asks for every request from outside; controllers,
scheduler and kubelets inside the process are trusted and not asked about. Upstream: ``plugin/pkg/auth/authorizer/rbac``
and ``pkg/registry/rbac``.

Simplified: there is no Node authorizer; the real one also lets each kubelet read what its own pods use.
"""

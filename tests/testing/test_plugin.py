"""The fixtures, as a project of somebody else's uses them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from gitopslab.clusters.client import Client
from gitopslab.testing import kubernetes

pytestmark = pytest.mark.process

PAGE = Path(__file__).parents[2] / "docs" / "in-tests.md"
CONFTEST = 'pytest_plugins = ["gitopslab.testing.plugin"]\n'

FIRST = """
from kubernetes import client, config

def api(cluster, kind):
    return kind(config.new_client_from_config(config_file=str(cluster.kubeconfig)))

def test_a_pod_can_be_made_at_once(kubernetes_cluster, kubernetes_namespace):
    spec = {"containers": [{"name": "c", "image": "nginx"}]}
    pod = {"metadata": {"name": "a"}, "spec": spec}
    made = api(kubernetes_cluster, client.CoreV1Api).create_namespaced_pod(kubernetes_namespace, pod)
    assert made.spec.service_account_name == "default"
    assert kubernetes_namespace.startswith("test-a-pod-can-be-made-at-once-")

def test_an_hour_passes_in_a_moment(kubernetes_cluster, kubernetes_namespace):
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox"}]}}
    spec = {"schedule": "0 * * * *", "jobTemplate": {"spec": {"template": template}}}
    job = {"metadata": {"name": "j"}, "spec": spec}
    batch = api(kubernetes_cluster, client.BatchV1Api)
    batch.create_namespaced_cron_job(kubernetes_namespace, job)
    kubernetes_cluster.advance(3600)
    assert len(batch.list_namespaced_job(kubernetes_namespace).items) == 1

def test_namespaces_of_other_tests_are_not_left(kubernetes_cluster):
    named = [one for one in api(kubernetes_cluster, client.CoreV1Api).list_namespace().items
             if one.metadata.name.startswith("test-")]
    assert all(one.status.phase == "Terminating" for one in named)
"""

OTHER_NODES = """
import pytest
from gitopslab.clusters import Options
from kubernetes import client, config

@pytest.fixture(scope="session")
def kubernetes_options():
    return Options(bare=True, workers=1)

def test_nodes(kubernetes_cluster):
    made = config.new_client_from_config(config_file=str(kubernetes_cluster.kubeconfig))
    assert len(client.CoreV1Api(made).list_node().items) == 2
"""


def run(folder: Path, **files: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(
        command, cwd=folder, env=environment, text=True, capture_output=True, timeout=300, check=False
    )


def test_a_project_tests_against_a_cluster_of_its_own(tmp_path: Path) -> None:
    done = run(tmp_path, test_first=FIRST)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_the_examples_of_the_page_work(tmp_path: Path) -> None:
    examples = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    conftest, test, options, block = examples
    assert conftest == CONFTEST
    done = run(tmp_path, conftest=conftest + options, test_page=test, test_block=block)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_the_cluster_can_be_made_otherwise(tmp_path: Path) -> None:
    done = run(tmp_path, test_other=OTHER_NODES)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_cluster_and_its_folder_are_gone_after_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITOPSLAB_HOME", "/not/this/one")
    with kubernetes() as cluster:
        client = Client(cluster.kubeconfig)
        name = cluster.namespace()
        process = json.loads((cluster.kubeconfig.parent / "daemon.json").read_text())["pid"]
        assert name in {one["metadata"]["name"] for one in client.list("namespaces")}
        cluster.delete_namespace("gone-already")
        assert os.environ["GITOPSLAB_HOME"] in str(cluster.kubeconfig)
    assert os.environ["GITOPSLAB_HOME"] == "/not/this/one"
    assert not cluster.kubeconfig.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


HELD = """
import sys
from gitopslab.testing import kubernetes
with kubernetes() as cluster:
    print(cluster.kubeconfig, flush=True)
    sys.stdin.read()
"""


def test_cluster_of_a_run_that_is_killed_ends_and_leaves_nothing(tmp_path: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", HELD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert run.stdout is not None
    kubeconfig = Path(run.stdout.readline().strip())
    daemon = psutil.Process(json.loads((kubeconfig.parent / "daemon.json").read_text())["pid"])
    run.kill()
    run.communicate()
    assert psutil.wait_procs([daemon], timeout=30)[1] == []
    assert list(tmp_path.iterdir()) == []


def test_cluster_for_an_owner_has_a_folder_that_goes_with_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gitopslab.controlplane.daemon", "--folder", str(tmp_path), "--owner", "1"]
    done = subprocess.run(command, text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "--owner: expected 2 arguments" in done.stderr

"""What jobs mean to each other: stages that exist, needs that are met, no circles (``lib/gitlab/ci/yaml_processor``).

``lint`` calls ``fault`` when the shape is right. GitLab stops at the first fault, so there is one or none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gitopslab.ci.entries import Fault
from gitopslab.ci.normal import Need, NormalJob, listed_needs, need_of, normal_jobs, stages
from gitopslab.ci.tree import Map, Seq


def fault(root: Map) -> Fault | None:
    """The first thing that is wrong between the jobs; None when nothing is."""
    jobs = normal_jobs(root)
    return next(_faults(jobs, stages(root)), None)


def _faults(jobs: Mapping[str, NormalJob], order: tuple[str, ...]) -> Iterator[Fault]:
    troubles = dict.fromkeys(job.trouble for job in jobs.values() if job.trouble)
    if troubles:
        first = next(job for job in jobs.values() if job.trouble)
        yield Fault(", ".join(troubles), first.config.place_of("needs"))
    for job in jobs.values():
        yield from _of_job(job, jobs, order)
    yield from _circle(jobs)


def _of_job(job: NormalJob, jobs: Mapping[str, NormalJob], order: tuple[str, ...]) -> Iterator[Fault]:
    config = job.config
    if job.stage not in order:
        said = f"{job.name} job: chosen stage {job.stage} does not exist; available stages are {', '.join(order)}"
        yield Fault(said, config.place_of("stage"))
        return
    for name in job.dependencies or ():
        yield from _dependency(job, Need(name), "dependency", jobs, order)
    yield from _needs(job, job.needs, jobs, order)
    for rule in _rules(config.get("rules")):
        if rule.get("needs") is not None:
            yield from _needs(job, tuple(map(need_of, listed_needs(rule["needs"]))), jobs, order, rule)
    for name in _child_sources(config):
        yield from _dependency(job, Need(name), "dependency", jobs, order)
    yield from _on_stop(job, jobs)
    if isinstance(pages := config.get("pages"), Map) and "publish" in pages and config.get("publish") is not None:
        said = f"{job.name} job: use either {job.name}:publish or {job.name}:pages:publish"
        yield Fault(said, config.place_of("publish"))


def _child_sources(config: Map) -> Iterator[str]:
    """The jobs whose artifacts are the files of a child pipeline."""
    trigger = config.get("trigger")
    included = trigger.get("include") if isinstance(trigger, Map) else None
    for item in included if isinstance(included, Seq) else ():
        if isinstance(item, Map) and isinstance(item.get("job"), str):
            yield item["job"]


def _rules(value: object) -> Iterator[Map]:
    if isinstance(value, Map):
        yield value
    for item in value if isinstance(value, Seq) else ():
        yield from _rules(item)


def _needs(
    job: NormalJob,
    needs: tuple[Need, ...] | None,
    jobs: Mapping[str, NormalJob],
    order: tuple[str, ...],
    written: Map | None = None,
) -> Iterator[Fault]:
    names = [need.name for need in needs or ()]
    for need in needs or ():
        yield from _dependency(job, need, "need", jobs, order, written)
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        place = (written or job.config).place_of("needs")
        yield Fault(f"{job.name} has the following needs duplicated: {', '.join(twice)}.", place)


def _dependency(
    job: NormalJob,
    need: Need,
    kind: str,
    jobs: Mapping[str, NormalJob],
    order: tuple[str, ...],
    written: Map | None = None,
) -> Iterator[Fault]:
    place = (written or job.config).place_of("needs" if kind == "need" else "dependencies")
    other = jobs.get(need.name)
    if other is None:
        if not need.optional:
            yield Fault(f"{job.name} job: undefined {kind}: {need.name}", place)
    elif other.stage not in order or order.index(other.stage) > order.index(job.stage):
        yield Fault(f"{job.name} job: {kind} {need.name} is not defined in current or prior stages", place)


def _on_stop(job: NormalJob, jobs: Mapping[str, NormalJob]) -> Iterator[Fault]:
    environment = job.config.get("environment")
    name = environment.get("on_stop") if isinstance(environment, Map) else None
    if name is None or not isinstance(environment, Map):
        return
    other = jobs.get(name)
    stopped = other.config.get("environment") if other else None
    stopped = Map([("name", stopped)]) if isinstance(stopped, str) else stopped
    said = ""
    if other is None:
        said = "is not defined"
    elif not stopped:
        said = "does not have environment defined"
    elif stopped.get("name") != environment.get("name"):
        said = "have different environment name"
    elif stopped.get("action") != "stop":
        said = "needs to have action stop defined"
    if said:
        yield Fault(f"{job.name} job: on_stop job {name} {said}", environment.place_of("on_stop"))


def _circle(jobs: Mapping[str, NormalJob]) -> Iterator[Fault]:
    graph = {name: [need.name for need in job.needs or () if need.name in jobs] for name, job in jobs.items()}
    for name, needed in graph.items():
        if name in needed:
            said = f"The pipeline has circular dependencies: self-dependency: {name}"
            yield Fault(said, jobs[name].config.place_of("needs"))
    for circle in _components(graph):
        names = "[" + ", ".join(f'"{name}"' for name in circle) + "]"
        said = f"The pipeline has circular dependencies: topological sort failed: {names}"
        yield Fault(said, jobs[circle[0]].config.place_of("needs"))


def _components(graph: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """The circles, each in the order in which Ruby's TSort walks it (Tarjan's algorithm, without recursion)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    walked: list[str] = []
    for start in graph:
        work = [(start, iter(graph[start]))] if start not in number else []
        if work:
            number[start] = lowest[start] = len(number)
            walked.append(start)
        while work:
            name, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[name])
                if lowest[name] == number[name]:
                    component = walked[walked.index(name) :]
                    del walked[walked.index(name) :]
                    if len(component) > 1:
                        yield component
            elif following not in number:
                number[following] = lowest[following] = len(number)
                walked.append(following)
                work.append((following, iter(graph[following])))
            elif following in walked:
                lowest[name] = min(lowest[name], number[following])

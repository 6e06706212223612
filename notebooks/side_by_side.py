"""What notebook 12 observes: the same question to what Flux deployed and to what Argo CD deployed, and both answers."""

import time

from gitopslab.machinery.messages import told
from gitopslab.views.grid import Grid

NAMESPACES = {"Flux": "both-flux", "Argo CD": "both-argo"}


class Observed:
    """The table of what was seen, a row a question; a cell shows it."""

    def __init__(self, lab):
        self.lab = lab
        self.rows = {}

    def __repr__(self):
        lines = [("", *NAMESPACES), *((told(question), *map(str, answers)) for question, answers in self.rows.items())]
        widths = [max(len(line[at]) for line in lines) for at in range(3)]
        return "\n".join("   ".join(map(str.ljust, line, widths)).rstrip() for line in lines)

    def _repr_html_(self):
        """As a table whose cells wrap: as text its longest answer would break every line in two."""
        return Grid(
            ("", *NAMESPACES), tuple((told(question), *map(str, answers)) for question, answers in self.rows.items())
        ).html()

    def put(self, question, flux, argo):
        """Keep two answers that were read elsewhere."""
        self.rows[question] = [flux, argo]
        print(f"{told(question)}: Flux {flux}; Argo CD {argo}")

    def see(self, question, what, look):
        """Look at an object as it is now, in each of the two namespaces."""
        self.put(question, *(look(self.find(what, namespace)) for namespace in NAMESPACES.values()))

    def until(self, question, what, holds, patience=20.0):
        """Measure how long it takes, in each of the two namespaces, until something holds of an object, or of None."""
        began, took = time.monotonic(), {}
        while len(took) < len(NAMESPACES) and time.monotonic() - began < patience:
            for namespace in NAMESPACES.values():
                if namespace not in took and holds(self.find(what, namespace)):
                    took[namespace] = told(f"after {time.monotonic() - began:.1f} s")
            time.sleep(0.1)
        never = told(f"not within {patience:g} s")
        self.put(question, *(took.get(namespace, never) for namespace in NAMESPACES.values()))

    def find(self, what, namespace):
        """An object, or None."""
        kind, _, name = what.partition("/")
        found = self.lab.list(kind, namespace=namespace)
        return next((each for each in found if each["metadata"]["name"] == name), None)

    def both(self, command):
        """The same command of kubectl in each of the two namespaces."""
        for namespace in NAMESPACES.values():
            self.lab.kubectl(f"{command} -n {namespace}")

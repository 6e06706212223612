"""Two machines for notebook 01: each is a folder of libraries that all its programs share."""

import os
import subprocess
import sys


class Machine:
    """A machine with its libraries; both have the same Python."""

    def __init__(self, name, libraries):
        self.name = name
        self.libraries = libraries

    def run(self, app):
        """Run an app once, and print its page or the last line of its error."""
        environment = {**os.environ, "PYTHONPATH": self.libraries, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, f"{app}/app.py", "--show"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        said = done.stdout.rstrip() or done.stderr.rstrip().splitlines()[-1]
        print(f"{app} on the {self.name}:\n{said}\n")

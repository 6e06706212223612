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
        environment = {**os.environ, "PYTHONPATH": self.libraries}
        command = [sys.executable, f"{app}/app.py", "--show"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        print(f"{app} on the {self.name}:")
        print(done.stdout or done.stderr.strip().splitlines()[-1])

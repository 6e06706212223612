"""The photo app: a page that says which build of it answers."""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TITLE = "Waal"
PAGE = f"<h1>{TITLE}</h1> built by job {os.environ.get('BUILT_BY', '?')}\n"


class Page(BaseHTTPRequestHandler):
    """Answers every request with the page."""

    def do_GET(self):
        """Send it."""
        body = PAGE.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer(("", 8000), Page).serve_forever()

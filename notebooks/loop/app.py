"""The page of waal-web: a title, and nothing else."""

import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TITLE = "Waal"
PORT = 8000


class Page(BaseHTTPRequestHandler):
    """Answers every request with the page."""

    def do_GET(self):
        """Send it."""
        body = f"<h1>{TITLE}</h1>\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer(("", PORT), Page).serve_forever()

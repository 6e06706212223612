"""The agenda: a page with one appointment in its frame."""

import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from frames import frame

PAGE = frame("Monday: regatta")


class Page(BaseHTTPRequestHandler):
    """Answers every request with the page."""

    def do_GET(self):
        """Send it."""
        body = PAGE.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    if "--show" in sys.argv:
        print(PAGE)
    else:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        ThreadingHTTPServer(("", 8000), Page).serve_forever()

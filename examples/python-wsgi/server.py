"""Python's own server, a thread for each request; gunicorn does more."""

import os
import signal
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server

from app import application


class Server(ThreadingMixIn, WSGIServer):
    # What is in flight at the end is waited for.
    daemon_threads = False
    request_queue_size = 128


with make_server("0.0.0.0", int(os.environ["PORT"]), application, server_class=Server) as server:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()

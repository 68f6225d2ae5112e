"""A WSGI application: what any Python web server runs."""

import os
from html import escape


def application(environ, start_response):
    if environ["PATH_INFO"] != "/":
        start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"Nothing is here\n"]
    whom = escape(os.environ.get("GREETED", "world"))
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [f"<h1>Hello {whom}</h1><p>Release {os.environ.get('PAAS_RELEASE', 'none')}</p>\n".encode()]

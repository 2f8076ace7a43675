import os
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import humanize


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"Hello, {os.environ['NAME']}! {humanize.intcomma(1234567)}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer(("", 0), Handler, bind_and_activate=False)
server.socket = socket.socket(fileno=3)  # the socket that systemd opens
server.serve_forever()

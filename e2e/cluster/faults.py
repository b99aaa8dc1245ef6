#!/usr/bin/env python3
"""An API server that misbehaves: passes requests on to the real one, but for the fault that it is told to have.

Usage: faults.py ADDRESS PKI FAULT [TIMES]

Listens on a free port of ADDRESS with the API server's own certificate from the folder PKI, says the port on stdout, begins to
misbehave with the first line on stdin, and ends when its stdin does. The fault holds for TIMES requests, or for all from then on:

  silent         accepts connections and says nothing, not even TLS
  mute           reads requests and never answers
  slow           answers after a second
  busy           429 with Retry-After: 1
  broken         500
  cut            sends half of the answer's body
  unauthorized   401, as for an expired token

These two pass bytes on, whatever they mean, so that watches and logs that are followed go through too:

  hole           passes no more on, and closes nothing
  severed        breaks off all connections that there are, at each line on stdin anew; later ones go through
"""

import contextlib
import http.client
import http.server
import itertools
import json
import os
import socket
import socketserver
import ssl
import sys
import threading
import time

ADDRESS, PKI, FAULT = sys.argv[1:4]
TIMES = float(sys.argv[4]) if len(sys.argv) > 4 else float("inf")
REFUSALS = {"busy": (429, {"Retry-After": "1"}), "broken": (500, {}), "unauthorized": (401, {})}
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length"}

server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server_tls.load_cert_chain(f"{PKI}/apiserver.crt", f"{PKI}/apiserver.key")
client_tls = ssl.create_default_context(cafile=f"{PKI}/ca.crt")
begun, requests = threading.Event(), itertools.count(1)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        if FAULT == "silent" and begun.is_set():
            while self.request.recv(4096):
                pass
        else:
            self.request = server_tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = FAULT if begun.is_set() and next(requests) <= TIMES else None
        if fault == "mute":
            self.rfile.read(1)  # until the client has given up
            self.close_connection = True
        elif fault in REFUSALS:
            status, headers = REFUSALS[fault]
            message = {"kind": "Status", "status": "Failure", "code": status, "message": f"{fault}, as it was told to be"}
            self.answer(status, headers, json.dumps(message).encode())
        else:
            time.sleep(1 if fault == "slow" else 0)
            self.answer(*self.real(body), cut=fault == "cut")

    do_GET = do_POST = do_DELETE = serve

    def real(self, body):
        connection = http.client.HTTPSConnection(ADDRESS, 6443, context=client_tls, timeout=30)
        connection.request(self.command, self.path, body, dict(self.headers))
        response = connection.getresponse()
        headers = {name: value for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP}
        return response.status, headers, response.read()

    def answer(self, status, headers, body, cut=False):
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection |= cut

    def log_message(self, *_):
        pass


class Relay(socketserver.BaseRequestHandler):
    """TLS ends at the real one, whose certificate is for this address too."""

    sockets = set()

    def handle(self):
        with socket.create_connection((ADDRESS, 6443)) as real:
            pair = {self.request, real}
            self.sockets.update(pair)
            answers = threading.Thread(target=self.pass_on, args=(real, self.request), daemon=True)
            answers.start()
            self.pass_on(self.request, real)
            answers.join()
            self.sockets.difference_update(pair)

    def pass_on(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not self.is_hole():
                    sink.sendall(data)
        if not self.is_hole():
            break_off([source, sink])

    @staticmethod
    def is_hole():
        return FAULT == "hole" and begun.is_set()


def break_off(sockets):
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # clients that give up are what this is for


server = Server((ADDRESS, 0), Relay if FAULT in ("hole", "severed") else Handler)
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
for _ in sys.stdin:
    begun.set()
    if FAULT == "severed":
        break_off(list(Relay.sockets))
    print("begun", flush=True)
os._exit(0)

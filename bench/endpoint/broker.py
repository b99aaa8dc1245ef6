"""A credentials endpoint as brokers in Python are written: botocore's refreshable credentials behind http.server.

Usage: broker.py PORT. Without CODRIVER_ENDPOINT_TOKEN in the Authorization header there is 401.
"""

import hmac
import http.server
import json
import os
import sys

import botocore.session

CREDENTIALS = botocore.session.get_session().get_credentials()
TOKEN = os.environ["CODRIVER_ENDPOINT_TOKEN"]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are two writes; the second would wait for the acknowledgement of the first, 40 ms.
    disable_nagle_algorithm = True

    def do_GET(self):
        if not hmac.compare_digest(self.headers.get("Authorization", ""), TOKEN):
            return self.answer(401, {"code": "Unauthorized", "message": "no token"})
        frozen = CREDENTIALS.get_frozen_credentials()
        self.answer(200, {
            "AccessKeyId": frozen.access_key,
            "SecretAccessKey": frozen.secret_key,
            "Token": frozen.token,
            "Expiration": CREDENTIALS._expiry_time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        })

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()

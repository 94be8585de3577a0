"""Receivers by HTTPS whose certificate a private authority issued: `ca` trusts it, and nothing else."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from alerts.channels import ChannelError, sender
from headroom.channels import Channel, PagerDuty, Receiver, Slack, Teams, Webhook
from headroom.sources import Secret
from tests.alerts_mail.examples import message
from tests.collectors_prometheus.certificates import Authority, Pair

KINDS: dict[str, Callable[[str, str], Receiver]] = {
    "webhook": lambda url, ca: Webhook(Secret(url), ca=ca),
    "slack": lambda url, ca: Slack(Secret(url), ca),
    "teams": lambda url, ca: Teams(Secret(url), ca),
    "pagerduty": lambda url, ca: PagerDuty(Secret("k" * 32), url, ca),
}
UNTRUSTED = "no trusted TLS connection to the receiver; check its certificate and this machine's clock"


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Be quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that do not trust it."""


@contextmanager
def taking(pair: Pair) -> Iterator[str]:
    """Yield the address of a server with this certificate that takes everything."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    with _Server(("127.0.0.1", 0), _Taking) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("kind", KINDS)
def test_the_authority_of_the_file(kind: str, authority: Authority, tmp_path: Path) -> None:
    """Whom it issued a certificate is told; without it, or with a file that is gone, nobody is."""
    with taking(authority.issue(f"ca-{kind}")) as url:

        def told(ca: str) -> str:
            channel = Channel("ops", KINDS[kind](url, ca), timedelta(seconds=5))
            try:
                return sender(kind)(channel, message())
            except ChannelError as error:
                return error.message

        assert told(str(authority.cert)) == "200 ok"
        assert told("") == UNTRUSTED
        gone = tmp_path / "gone.pem"
        assert told(str(gone)) == f'the file "{gone}" of trusted authorities is not there'

"""Why there is no policy server, in words that say what to do."""

from __future__ import annotations

import socket
import ssl

from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus, InvalidURI

from bt_robot.policy.wire.checks import escape, server_words


def connect_hint(error: BaseException, *, has_key: bool = False) -> tuple[str, bool]:
    """Return why connecting failed, and whether trying again later can help.

    Args:
        error: What was raised.
        has_key: Whether an API key was sent.
    """
    if isinstance(error, ValueError) and isinstance(error.__cause__, InvalidStatus):
        error = error.__cause__  # a redirect that our own socket kept from being followed
    if isinstance(error, ssl.SSLError):
        return _tls_hint(error)
    if isinstance(error, InvalidStatus):
        return _status_hint(error, has_key=has_key)
    if isinstance(error, ConnectionRefusedError):
        return "connection refused; is it running, and is the port right?", True
    if isinstance(error, socket.gaierror):
        return "the host name is unknown", True
    if isinstance(error, (InvalidURI, ValueError, OverflowError)) and not isinstance(error, OSError):
        return "this is no ws:// URL", False
    if isinstance(error, InvalidMessage):
        return "what listens there is no websocket server; is the port right, or does it want wss://?", True
    if isinstance(error, ConnectionClosed):
        return f"it closed the connection before saying anything ({close_hint(error)})", True
    return escape(str(error)) or type(error).__name__, True


def _tls_hint(error: ssl.SSLError) -> tuple[str, bool]:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = escape(error.verify_message)
        if "expired" in why or "not yet valid" in why:
            return f"its certificate is not valid today ({why}); renew it, or set this machine's clock", False
        if "mismatch" in why or "not valid for" in why:
            return f"its certificate is for another host ({why}); use the name in the certificate in policy.url", False
        words = f"its certificate is not trusted ({why}); set policy.ca_file to the PEM file of the authority behind it"
        return words, False
    if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"):
        return "it speaks no TLS; use ws:// instead of wss://, or is the port right?", False
    if isinstance(error, ssl.SSLEOFError):
        return "it hung up when TLS began; if it speaks none, use ws:// instead of wss://", True
    return f"TLS failed: {escape(str(error.reason or error))}", True


def _status_hint(error: InvalidStatus, *, has_key: bool) -> tuple[str, bool]:
    status = error.response.status_code
    if status in (401, 403):
        if has_key:
            return f"it answers HTTP {status}: it does not take the API key in policy.api_key_env's variable", False
        return f"it answers HTTP {status}: it wants an API key; name its variable in policy.api_key_env", False
    goal = error.response.headers.get("Location")
    if 300 <= status < 400 and goal:
        shown = server_words(goal)
        return f"it has moved to {shown}, where the link does not follow; set policy.url to that if you trust it", False
    return f"it answers HTTP {status} instead of opening a websocket; is the port right?", True


def close_hint(error: ConnectionClosed) -> str:
    """Return who ended a connection, and why."""
    if error.rcvd is None:
        return "the server is gone" if error.sent is None else f"we closed it: {escape(error.sent.reason)}"
    reason = f": {server_words(error.rcvd.reason)}" if error.rcvd.reason else ""
    return f"the server closed it with code {error.rcvd.code}{reason}"

"""TLS context from PEM texts."""

from __future__ import annotations

import os
import ssl
import tempfile

from ska_sdp_config.drivers.etcd.settings import Settings

__all__ = ["tls_context"]


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Return the TLS context, or None for plain HTTP.

    Raises:
        ValueError: a PEM text is invalid; the message names the variable.
    """
    if not settings.secure:
        return None
    try:
        authority = settings.ca.decode("ascii", "ignore") if settings.ca else None
        context = ssl.create_default_context(cadata=authority)
    except ssl.SSLError as exc:
        raise ValueError(
            f"SDP_CONFIG_CERT holds no certificate of an authority ({exc.reason}): "
            "give a PEM file."
        ) from exc
    if settings.certificate and settings.key:
        _load(context, settings.certificate, settings.key)
    return context


def _load(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    # ssl loads certificates from files only; mkstemp makes it readable by this user only.
    descriptor, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(certificate + b"\n" + key)
        # Without a password, OpenSSL prompts for one at the terminal.
        context.load_cert_chain(name, password="")
    except ssl.SSLError as exc:
        raise ValueError(
            "SDP_CONFIG_CLIENT_CERT and SDP_CONFIG_CLIENT_KEY are no certificate with its key "
            f"({exc.reason}): give PEM files, the key without a password."
        ) from exc
    finally:
        os.unlink(name)  # noqa: PTH108 - created by name, too

"""Whom to trust, and who we are, out of PEM texts."""

from __future__ import annotations

import os
import ssl
import tempfile

from ska_sdp_config.drivers.etcd.settings import Settings

__all__ = ["tls_context"]


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Get the context for TLS, or None for plain HTTP.

    Raises:
        ValueError: the settings' texts are not PEM; names the variable.
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
    # OpenSSL's functions take files alone; this one nobody else may read.
    descriptor, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(certificate + b"\n" + key)
        # Without a password it would ask for one at the terminal.
        context.load_cert_chain(name, password="")
    except ssl.SSLError as exc:
        raise ValueError(
            "SDP_CONFIG_CLIENT_CERT and SDP_CONFIG_CLIENT_KEY are no certificate with its key "
            f"({exc.reason}): give PEM files, the key without a password."
        ) from exc
    finally:
        os.unlink(name)  # noqa: PTH108 - as it was made, by name

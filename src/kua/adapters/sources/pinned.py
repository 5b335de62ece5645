# SPDX-License-Identifier: Apache-2.0
"""A camera over TLS is known by its certificate alone: nobody vouches for it, so its SHA-256 stands in the settings and no other one is spoken to.

The certificate is fetched and compared here; FFmpeg then trusts that one certificate only, so that whoever answers its connection must hold the key of it.
"""

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

from kua.core.digest import sha256
from kua.core.errors import Misused, Refused, Unavailable
from kua.core.instant import Millis
from kua.ports.address import shown

PORT: Final = 322
"""RTSP over TLS (IANA)."""


def certificate_at(url: str, patience: Millis) -> bytes:
    """Return the certificate (DER) that whoever is at `url` shows. Raises `Unavailable("source.unreachable" | "source.tls")`."""
    parts = urlsplit(url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # compared with the pin, and with nothing else
    try:
        with (
            socket.create_connection((parts.hostname or "", parts.port or PORT), patience / 1000) as talk,
            context.wrap_socket(talk) as secured,
        ):
            held = secured.getpeercert(binary_form=True)
    except ssl.SSLError as error:
        raise Unavailable("source.tls", address=shown(url)) from error
    except OSError as error:
        raise Unavailable("source.unreachable", address=shown(url), how=type(error).__name__) from error
    if held is None:
        raise Unavailable("source.tls", address=shown(url))
    return held


@contextmanager
def pinned(url: str, pin: str | None, patience: Millis) -> Iterator[dict[str, str]]:
    """Give the options with which FFmpeg speaks to the holder of the pinned certificate only.

    Raises `Misused("source.no_pin")` without a pin, `Refused("source.other_certificate")` for another certificate, and those of `certificate_at`.
    """
    if pin is None:
        raise Misused("source.no_pin", address=shown(url), shown=sha256(certificate_at(url, patience)).hex())
    held = certificate_at(url, patience)
    if sha256(held).hex() != pin:
        raise Refused("source.other_certificate", address=shown(url), shown=sha256(held).hex(), wanted=pin)
    try:
        certificate = x509.load_der_x509_certificate(held)
        pem, name = ssl.DER_cert_to_PEM_cert(held).encode(), _name_of(certificate)
    except ValueError as error:
        raise Unavailable("source.tls", address=shown(url)) from error
    memory = os.memfd_create("certificate")  # FFmpeg wants a file's name, and this process writes no file
    try:
        os.write(memory, pem)
        yield {"ca_file": f"/proc/self/fd/{memory}", "tls_verify": "1", **({"verifyhost": name} if name else {})}
    finally:
        os.close(memory)


def _name_of(certificate: x509.Certificate) -> str:
    """Return a name that the certificate is for: cameras are spoken to by addresses of which their certificates know nothing, and the pin says more."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        listed = [*names.get_values_for_type(x509.DNSName), *(str(each) for each in names.get_values_for_type(x509.IPAddress))]
    except x509.ExtensionNotFound:
        listed = []
    common = [str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return next(iter([*listed, *common]), "")

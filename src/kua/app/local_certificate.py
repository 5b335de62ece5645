# SPDX-License-Identifier: Apache-2.0
"""A certificate that a box makes for itself, for an address in a polling room: nobody vouches for it but the QR on the box's own screen."""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kua.core.digest import sha256


def make_certificate(hosts: Sequence[str], now: float, days: int) -> tuple[bytes, bytes]:
    """Return key and certificate (PEM; ECDSA on P-256) for IP addresses, good from a day before `now` (seconds since 1970) to `days` after it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kua station")])
    start = datetime.fromtimestamp(now, UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - timedelta(days=1))
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host)) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem, made.public_bytes(serialization.Encoding.PEM)


def fingerprint(certificate: bytes) -> str:
    """Return the SHA-256 (hex) of a certificate (PEM) in DER: what a browser shows of it."""
    return sha256(x509.load_pem_x509_certificate(certificate).public_bytes(serialization.Encoding.DER)).hex()


def holds(certificate: bytes, hosts: Sequence[str], until: float) -> bool:
    """Whether a certificate (PEM) is for all of `hosts` and good until `until` (seconds since 1970)."""
    try:
        held = x509.load_pem_x509_certificate(certificate)
        names = held.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.IPAddress)
    except (ValueError, x509.ExtensionNotFound):
        return False
    return {ipaddress.ip_address(host) for host in hosts} <= set(names) and held.not_valid_after_utc.timestamp() >= until

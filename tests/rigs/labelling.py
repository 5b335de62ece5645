# SPDX-License-Identifier: Apache-2.0
"""A certificate authority of a test and a key that may sign C2PA labels under it. Made anew each time, worth nothing outside."""

import datetime as dt
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def label_keys(folder: Path, *, usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.EMAIL_PROTECTION) -> tuple[Path, Path]:
    """Write `label.key` and `label.pem` (certificate and authority) and return their paths."""
    now = dt.datetime.now(dt.UTC)
    root, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def begun(name: str, public: ec.EllipticCurvePublicKey, number: int) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name("root"))
            .public_key(public)
            .serial_number(number)
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=30))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), critical=False)
        )

    above = begun("root", root.public_key(), 1).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    above = above.add_extension(_use(signs=False), critical=True)
    own = begun("centre", key.public_key(), 2).add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    own = own.add_extension(_use(signs=True), critical=True).add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    chain = b"".join(made.sign(root, SHA256()).public_bytes(Encoding.PEM) for made in (own, above))
    (folder / "label.pem").write_bytes(chain)
    (folder / "label.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder / "label.key", folder / "label.pem"


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Centre of a test"), x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _use(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs, content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=not signs, crl_sign=not signs, encipher_only=False, decipher_only=False,
    )  # fmt: skip

# SPDX-License-Identifier: Apache-2.0
"""Time stamp authorities over HTTP (RFC 3161 section 3.4), and the check of their tokens. The only module that knows rfc3161-client."""

from collections.abc import Sequence
from hashlib import sha256, sha512
from typing import Final, final

import httpx
from cryptography import x509
from rfc3161_client import Accuracy, HashAlgorithm, TimestampRequestBuilder, TimeStampResponse, VerificationError, VerifierBuilder, decode_timestamp_response

from kua.core.errors import Misused, Rejected, Unavailable
from kua.core.instant import Instant
from kua.ports.tokens import Stamped

MAX_TOKEN: Final = 65_536
"""Bytes of an answer that are still read."""
_TIMES: Final = httpx.Timeout(connect=5, read=15, write=15, pool=5)


@final
class TokenReader:
    """The port `ReadToken`: `roots` are the certificates of authorities that are trusted, PEM, any number in each."""

    def __init__(self, roots: Sequence[bytes]) -> None:
        """Raises `Misused("token.certificate")` for bytes that are no certificate."""
        self._roots: list[x509.Certificate] = []
        for pem in roots:
            try:
                self._roots += x509.load_pem_x509_certificates(pem)
            except ValueError as error:
                raise Misused("token.certificate") from error
        if not self._roots:
            raise Misused("token.certificate")

    def __call__(self, response: bytes, data: bytes) -> Stamped:
        """Keep the port's promise."""
        found = _decoded(response)
        self.check(found, data, None)
        info = found.tst_info
        accuracy: Accuracy | None = info.accuracy  # optional in RFC 3161, whatever the library's types say
        late = 0 if accuracy is None else accuracy.seconds * 1000 + (accuracy.millis or 0) + (1 if accuracy.micros else 0)
        at = Instant(int(info.gen_time.timestamp() * 1000) + late)
        return Stamped(at, self._name(found))

    def check(self, found: TimeStampResponse, data: bytes, nonce: int | None) -> None:
        """Hold a token against its data, the trusted roots and, for an answer, the request's nonce. Raises `Rejected("token.untrusted")`."""
        imprint = found.tst_info.message_imprint
        if imprint.message not in {sha256(data).digest(), sha512(data).digest()}:
            raise Rejected("token.other")
        # The library takes chains into one shared list; each check gets its own copy of ours.
        builder = VerifierBuilder(roots=list(self._roots), intermediates=[])
        if nonce is not None:
            builder = builder.nonce(nonce)
        try:
            builder.build().verify_message(found, data)
        except (VerificationError, ValueError) as error:
            raise Rejected("token.untrusted", why=str(error)[:120]) from error

    @staticmethod
    def _name(found: TimeStampResponse) -> str:
        """Return the common name of the certificate that signed: the one that the signature itself names, whatever else lies beside it."""
        signers = {(signer.issuer, signer.serial_number) for signer in found.signed_data.signer_infos}
        for der in found.signed_data.certificates:
            certificate = x509.load_der_x509_certificate(bytes(der))
            if (certificate.issuer, certificate.serial_number) in signers:
                names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
                return "".join(letter for letter in str(names[0].value) if letter.isprintable())[:80] if names else "-"
        return "-"


@final
class HttpAuthority:
    """The port `Authority` at `url`. `roots` are the certificates (PEM) under which its answers must hold."""

    def __init__(self, name: str, url: str, roots: bytes) -> None:
        self._name, self._url, self._reader = name, url, TokenReader([roots])

    @property
    def name(self) -> str:
        """The word for it in names of files."""
        return self._name

    @property
    def reader(self) -> TokenReader:
        """Reads its tokens again."""
        return self._reader

    def stamp(self, data: bytes) -> tuple[bytes, Stamped]:
        """Keep the port's promise."""
        request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True).build()
        try:
            answer = httpx.post(
                self._url, content=request.as_bytes(), headers={"Content-Type": "application/timestamp-query"}, timeout=_TIMES
            )
        except httpx.HTTPError as error:
            raise Unavailable("token.away", authority=self._name, why=type(error).__name__) from error
        if not answer.is_success or len(answer.content) > MAX_TOKEN:
            raise Unavailable("token.away", authority=self._name, why=f"HTTP {answer.status_code}")
        self._reader.check(_decoded(answer.content), data, request.nonce)
        return answer.content, self._reader(answer.content, data)


def _decoded(response: bytes) -> TimeStampResponse:
    if len(response) > MAX_TOKEN:
        raise Rejected("token.form")
    try:
        found = decode_timestamp_response(response)
        _ = found.tst_info.gen_time  # an answer that grants nothing has no token
    except ValueError as error:
        raise Rejected("token.form") from error
    return found

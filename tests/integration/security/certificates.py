"""Certificates for a test: an authority, and what it signs, as PEM files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


class Authority:
    """Signs certificates; its own is in `file`."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        signed = (
            _begun(self._name, self._name, self._key, valid_from=-DAY, valid_for=30 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def issue(
        self, name: str, *hosts: str, file: str, valid_for: timedelta = 10 * DAY
    ) -> tuple[Path, Path]:
        """The files of a certificate for the hosts, and of its key; made a day ago."""
        key = ec.generate_private_key(ec.SECP256R1())
        signed = _begun(
            _named(name), self._name, key, valid_from=-DAY, valid_for=valid_for
        ).add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        if hosts:
            names = x509.SubjectAlternativeName([_alternative(host) for host in hosts])
            signed = signed.add_extension(names, critical=False)
        certificate = self._folder / f"{file}.crt"
        certificate.write_bytes(
            signed.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
        private = self._folder / f"{file}.key"
        private.touch(mode=0o600)
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, private


def key_store(certificate: Path, private: Path) -> Path:
    """Both in one file, as Kafka wants them."""
    file = certificate.with_suffix(".store.pem")
    file.write_bytes(private.read_bytes() + certificate.read_bytes())
    return file


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _begun(
    name: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    valid_from: timedelta,
    valid_for: timedelta,
) -> x509.CertificateBuilder:
    begins = datetime.now(UTC) + valid_from
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + valid_for)
    )

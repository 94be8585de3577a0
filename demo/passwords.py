"""Password hashes of the sample ERP: real in form, cheap on purpose, for ten logins a second."""

import hashlib
import hmac
import secrets

ITERATIONS = 1000


def hash_password(password: str) -> str:
    """Returns "salt$hash", both in hexadecimal."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_pbkdf2(password, salt).hex()}"


def is_right(password: str, stored: str) -> bool:
    """Tells whether the password is the one whose hash is stored."""
    salt, _, expected = stored.partition("$")
    return hmac.compare_digest(_pbkdf2(password, bytes.fromhex(salt)), bytes.fromhex(expected))


def _pbkdf2(password: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)

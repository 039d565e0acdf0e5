"""Sessions by the thousand, written into the database of a server as if they had been signed in."""
import base64
import hashlib
import sqlite3
import time
import zlib


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def cookie_value(number):
    value = "kfs_" + base64url(hashlib.sha256(f"bench {number}".encode()).digest())
    return value + f"{zlib.crc32(value.encode()):08x}"


def cookie_hash(number):
    return base64url(hashlib.sha256(cookie_value(number).encode()).digest())


def fill(database, first, count):
    """Sessions `first` to `first + count - 1`, each of its own user, good for a day."""
    now = int(time.time())
    numbers = range(first, first + count)
    with sqlite3.connect(database, timeout=60) as connection:
        connection.executemany("INSERT INTO users (id, provider, issuer, subject, name, email, created_at) VALUES (?, 'demo', 'bench', ?, ?, ?, ?)",
                               ((number + 1000, f"subject {number}", f"user {number}", f"{number}@bench.example", now) for number in numbers))
        connection.executemany("INSERT INTO sessions (row, id, user_id, device_key, device_thumbprint, device_name, device_os, client_address, challenge, "
                               "created_at, renewed_at, expires_at) VALUES (?, ?, ?, ?, ?, 'bench', 'Linux', '127.0.0.1', '', ?, ?, ?)",
                               ((number + 1000, f"session {number}", number + 1000, '{"crv":"P-256","kty":"EC","x":"' + "x" * 43 + '","y":"' + "y" * 43 + '"}',
                                 f"thumbprint {number}", now, now, now + 86400) for number in numbers))
        connection.executemany("INSERT INTO cookies (hash, session_row, expires_at) VALUES (?, ?, ?)",
                               ((cookie_hash(number), number + 1000, now + 86400) for number in numbers))
    connection.close()


def cookies(first, count, name="keyfob"):
    return [f"{name}={cookie_value(number)}" for number in range(first, first + count)]

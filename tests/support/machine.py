"""Machines that share nothing but a server: network namespaces, each with a loopback of its own.

A namespace belongs to a thread, and to what that thread starts. Everything of one machine therefore runs on its one thread.
Needs root, as making a namespace does.
"""
import concurrent.futures
import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import threading

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
LIBC = ctypes.CDLL(None, use_errno=True)


def can_be_made():
    return os.getuid() == 0


def _enter_new_namespace():
    if LIBC.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWNET)")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def _pump(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _join(inner, port):
    with inner, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as outer:
        back = threading.Thread(target=_pump, args=[outer, inner], daemon=True)
        back.start()
        _pump(inner, outer)
        back.join()


class Machine(contextlib.ExitStack):
    """`machine(call, …)` runs the call on this machine and gives its result."""

    def __init__(self):
        super().__init__()
        self._thread = concurrent.futures.ThreadPoolExecutor(max_workers=1)
        self.callback(self._thread.shutdown)
        self(_enter_new_namespace)

    def __call__(self, call, *arguments, **options):
        return self._thread.submit(call, *arguments, **options).result()

    def enter(self, make, *arguments, **options):
        """Makes a context manager on this machine, to be left at its end."""
        manager = self(lambda: make(*arguments, **options).__enter__())
        self.callback(lambda: self(manager.__exit__, None, None, None))
        return manager

    def reach(self, port):
        """127.0.0.1:port of this machine becomes that of the outside: the way to the server."""
        listener = self(socket.create_server, ("127.0.0.1", port))
        self.callback(listener.close)
        self.callback(listener.shutdown, socket.SHUT_RDWR)
        threading.Thread(target=self._forward, args=[listener, port], daemon=True).start()

    @staticmethod
    def _forward(listener, port):
        with contextlib.suppress(OSError):
            while True:
                inner, _ = listener.accept()
                threading.Thread(target=_join, args=[inner, port], daemon=True).start()

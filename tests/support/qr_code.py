"""Reads the QR code that a terminal shows, with zbar, which reads what cameras see."""
import ctypes
import re

ROW = re.compile("\x1b\\[30;47m([ \u2580\u2584\u2588]+)\x1b\\[0m")
SCALE = 8  # pixels of a module
Y800 = int.from_bytes(b"Y800", "little")  # zbar's name for eight bits of grey


def _pixels(text):
    """Rows of grey, black on white as the terminal draws it."""
    rows = []
    for line in ROW.findall(text):
        for dark in ("\u2580\u2588", "\u2584\u2588"):  # the upper half of the line, then the lower
            row = b"".join((b"\x00" if block in dark else b"\xff") * SCALE for block in line)
            rows.extend([row] * SCALE)
    return rows


def read_qr_code(text):
    """What it says; None where there is none that can be read."""
    rows = _pixels(text)
    if not rows:
        return None
    zbar = ctypes.CDLL("libzbar.so.0")
    for name in ("zbar_image_create", "zbar_image_scanner_create", "zbar_image_first_symbol"):
        getattr(zbar, name).restype = ctypes.c_void_p
    zbar.zbar_symbol_get_data.restype = ctypes.c_char_p
    data = b"".join(rows)
    image = ctypes.c_void_p(zbar.zbar_image_create())
    scanner = ctypes.c_void_p(zbar.zbar_image_scanner_create())
    try:
        zbar.zbar_image_scanner_set_config(scanner, 0, 0, 1)  # every kind of code, enabled
        zbar.zbar_image_set_format(image, ctypes.c_ulong(Y800))
        zbar.zbar_image_set_size(image, len(rows[0]), len(rows))
        zbar.zbar_image_set_data(image, data, ctypes.c_ulong(len(data)), None)
        if zbar.zbar_scan_image(scanner, image) < 1:
            return None
        return zbar.zbar_symbol_get_data(ctypes.c_void_p(zbar.zbar_image_first_symbol(image))).decode()
    finally:
        zbar.zbar_image_destroy(image)
        zbar.zbar_image_scanner_destroy(scanner)

"""Reads what is in a capture of USB traffic: that of dumpcap on usbmon, and traces of ours."""

import struct

ENHANCED_PACKET = 6
USBMON_HEADER = 64


def packets(data):
    """The USB packets of a little-endian pcapng file of link type 220: (event, type, endpoint, device, bus, payload)."""
    at = 0
    while at < len(data):
        kind, total = struct.unpack_from("<II", data, at)
        assert total >= 12 and total % 4 == 0 and data[at + total - 4:at + total] == data[at + 4:at + 8], "a broken block"
        if kind == ENHANCED_PACKET:
            captured = struct.unpack_from("<I", data, at + 20)[0]
            packet = data[at + 28:at + 28 + captured]
            event, transfer, endpoint, device, bus = struct.unpack_from("<BBBBH", packet, 8)
            yield chr(event), transfer, endpoint, device, bus, packet[USBMON_HEADER:]
        at += total

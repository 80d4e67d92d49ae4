#!/usr/bin/env python3
"""vpcd_bridge.py CARD-PORT READER-PORT: a card connects to one port and stays; readers connect to the other, one after the other,
and reach it. So programs that live for a moment find a card that waits for them."""

import select
import socket
import sys


def pass_on(card, reader):
    while True:
        for side, other in ((card, reader), (reader, card)):
            if side in select.select([card, reader], [], [])[0]:
                piece = side.recv(65536)
                if not piece:
                    return side is reader
                other.sendall(piece)


def main():
    cards = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    readers = socket.create_server(("127.0.0.1", int(sys.argv[2])))
    card = cards.accept()[0]
    card.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    going_on = True
    while going_on:
        with readers.accept()[0] as reader:
            reader.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            going_on = pass_on(card, reader)


if __name__ == "__main__":
    main()

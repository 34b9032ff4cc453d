#!/usr/bin/env python3
# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
"""free-port.py [N]: prints the first of N (default 1) neighbouring TCP ports that are free on 127.0.0.1."""

import random
import socket
import sys


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: without it, ports in TIME_WAIT look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    # Below the range from which Linux takes the ports of outgoing connections (32768 and up).
    # A random start keeps two scripts that ask at the same time apart.
    for _ in range(1000):
        first = random.randrange(15000, 32000 - count)
        if all(is_free(port) for port in range(first, first + count)):
            print(first)
            return
    sys.exit(f"no {count} neighbouring free ports between 15000 and 32000")


main()

# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
"""python -m benchmark.data KIND DIRECTORY COUNT [BYTES]: writes the files that `make bench` uploads; always the same.

KIND is `small` (COUNT files of 0 to 64 KiB, mean 20 KiB, two thirds text), `large` (COUNT files of BYTES, half of them
text), `noise` (COUNT incompressible files of BYTES) or `tiny` (COUNT files of 1 KiB).
"""

import os
import random
import sys

POOL_BYTES = 24 << 20
SYLLABLES = "ba be co da do fe ga ha in ka la le lo ma me mi na no or pa pe qu ra re ri sa se si so ta te ti to ul un ve vi za".split()


class Text:
    """Lines such as people store: source code, JSON records and logs, with words as frequent as in a language."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.vocabulary = sorted({"".join(rng.choices(SYLLABLES, k=rng.randint(1, 4))) for _ in range(4000)}, key=lambda _: rng.random())
        # Zipf: the n-th word has a weight of 1/n.
        self.cumulative = []
        total = 0.0
        for rank in range(1, len(self.vocabulary) + 1):
            total += 1 / rank
            self.cumulative.append(total)

    def words(self, count: int) -> list[str]:
        return self.rng.choices(self.vocabulary, cum_weights=self.cumulative, k=count)

    def source_code(self) -> str:
        a, b, c, d, e, f, g, h = self.words(8)
        number = self.rng.randrange(1000)
        return (
            f"    /// Returns the {a} of `{b}` when {c} {d} is not {e}.\n"
            f"    func {a}{b.title()}(from {c}: {d.title()}, limit: Int = {number}) throws -> {e.title()} {{\n"
            f"        guard let {f} = {c}.{g}({h}: {number}) else {{ throw {a.title()}Error.{b} }}\n"
            f"        return {f}.map {{ $0.{h} + {self.rng.randrange(64)} }}.filter {{ $0 != {d} }}\n"
            f"    }}\n\n"
        )

    def json(self) -> str:
        a, b, c, d, e, f = self.words(6)
        rng = self.rng
        return (
            f'{{"id": "{rng.getrandbits(64):016x}", "name": "{a} {b}", "mail": "{c}.{d}@{e}.example", '
            f'"amount": {rng.randrange(100000) / 100}, "currency": "EUR", "paid": {rng.choice(["true", "false"])}, '
            f'"created": "2024-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:00Z", '
            f'"lines": [{{"sku": "{f}-{rng.randrange(10000)}", "count": {rng.randint(1, 9)}}}]}}\n'
        )

    def log(self) -> str:
        a, b, c = self.words(3)
        rng = self.rng
        return (
            f"2024-05-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}.{rng.randrange(1000):03}Z "
            f"{rng.choice(['INFO ', 'INFO ', 'INFO ', 'DEBUG', 'WARN '])} [worker-{rng.randrange(16)}] {a}.{b}: request={rng.getrandbits(32):08x} "
            f"GET /api/v1/{c}/{rng.randrange(5000)} status={rng.choice([200, 200, 200, 304, 404])} took={rng.randrange(900)}ms\n"
        )

    def pool(self, line) -> bytes:
        lines = []
        size = 0
        while size < POOL_BYTES:
            lines.append(line())
            size += len(lines[-1])
        return "".join(lines).encode()[:POOL_BYTES]

    def pools(self) -> list[bytes]:
        return [self.pool(self.source_code), self.pool(self.json), self.pool(self.log)]


def write_small(directory: str, count: int, rng: random.Random) -> None:
    pools = Text(rng).pools()
    # Each pool is used from front to back: what repeats lies 24 MiB apart, beyond any compressor's window.
    position = [0] * len(pools)
    for number in range(count):
        size = int(65536 * rng.betavariate(0.9, 1.98))
        if number % 50 == 0:
            size = 0
        if number % 3 == 2:
            name, body = "bin", rng.randbytes(size)
        else:
            kind = number // 3 % len(pools)
            if position[kind] + size > POOL_BYTES:
                position[kind] = rng.randrange(1000)
            name = ("swift", "json", "log")[kind]
            body = pools[kind][position[kind] : position[kind] + size]
            position[kind] += size
        folder = f"{directory}/{number // 500:03}"
        if number % 500 == 0:
            os.makedirs(folder)
        with open(f"{folder}/{number:06}.{name}", "wb") as file:
            file.write(body)


def write_large(directory: str, count: int, size: int, rng: random.Random) -> None:
    text = b"".join(Text(rng).pools())
    block = 64 << 10
    starts = list(range(0, len(text) - block, block))
    for number in range(count):
        with open(f"{directory}/large-{number}.{'txt' if number % 2 else 'bin'}", "wb") as file:
            while (missing := size - file.tell()) > 0:
                if number % 2 == 0:
                    file.write(rng.randbytes(min(missing, 4 << 20)))
                    continue
                rng.shuffle(starts)
                for start in starts:
                    file.write(text[start : start + min(block, size - file.tell())])


def write_noise(directory: str, count: int, size: int, rng: random.Random) -> None:
    for number in range(count):
        with open(f"{directory}/noise-{number}.bin", "wb") as file:
            for start in range(0, size, 4 << 20):
                file.write(rng.randbytes(min(size - start, 4 << 20)))


def write_tiny(directory: str, count: int, rng: random.Random) -> None:
    for number in range(count):
        folder = f"{directory}/{number // 1000:04}"
        if number % 1000 == 0:
            os.makedirs(folder)
        with open(f"{folder}/{number:07}.bin", "wb") as file:
            file.write(rng.randbytes(1024))


def main() -> None:
    kind, directory, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    size = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    os.makedirs(directory)
    rng = random.Random(f"holdfast {kind}")
    if kind == "small":
        write_small(directory, count, rng)
    elif kind == "large":
        write_large(directory, count, size, rng)
    elif kind == "noise":
        write_noise(directory, count, size, rng)
    else:
        write_tiny(directory, count, rng)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""An access log as API Gateway writes it in JSON, of a day with many callers. The same arguments make the same file."""

import argparse
import random
import sys

# 2026-11-25T00:00:00Z
START_MS = 1_795_564_800_000
DAY_MS = 86_400_000

# Lines of one log group come from many instances: some are late by up to so much.
MAX_LATE_MS = 2_000

PATHS = ["/users", "/users/{id}", "/reports/users", "/orders", "/orders/{id}"]
VERBS = ["GET", "GET", "GET", "POST", "PUT"]
LINES_A_WRITE = 10_000

LINE = (
    '{{"requestId":"{id:08x}-2f1c-4d5b-9a3e-{id:012x}","apiKeyId":"{key}","ip":"198.51.100.{ip}",'
    '"requestTimeEpoch":"{at}","httpMethod":"{verb}","resourcePath":"{path}","status":"{status}",'
    '"protocol":"HTTP/1.1","responseLength":"{length}","userAgent":"example-client/1.{ip}"}}\n'
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--callers", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    draw = random.Random(options.seed).random
    gap_ms = DAY_MS / options.lines
    lines = []
    for number in range(options.lines):
        # Few callers make most of the requests.
        caller = int(options.callers * draw() ** 3)
        lot = int(draw() * 1_000)
        late_ms = int(draw() * MAX_LATE_MS) if lot < 50 else 0
        lines.append(
            LINE.format(
                id=number,
                key=f"key{caller:07d}",
                ip=caller % 250,
                at=int(START_MS + number * gap_ms - late_ms),
                verb=VERBS[lot % 5],
                path=PATHS[lot % 5],
                status=200 if lot < 995 else 429,
                length=100 + lot,
            )
        )
        if len(lines) == LINES_A_WRITE:
            sys.stdout.write("".join(lines))
            lines.clear()
    sys.stdout.write("".join(lines))


if __name__ == "__main__":
    main()

"""Makes the tables of the template in a DynamoDB, under their logical ids, and a plan with the key of the sample events in it.

Usage: prepare.py ENDPOINT [API:STAGE...]    (stages that the plan covers beside those of the sample events)

Writes the variables of functions that use these tables to stdout, in JSON.
"""

import json
import os
import sys
from pathlib import Path

# What the modules of the other tests import is found without pytest too.
sys.path.append(os.fspath(Path(__file__).resolve().parents[1] / "clients"))

from store import Store


def main() -> None:
    endpoint, *stages = sys.argv[1:]
    store = Store(endpoint, "")
    store.sell_a_plan(*stages)
    store.reset_users()
    json.dump(store.variables(), sys.stdout)


if __name__ == "__main__":
    main()

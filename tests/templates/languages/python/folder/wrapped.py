"""A handler in a folder, behind a wrapper and with a module from a layer."""

import os

import greeting


def handler(event, context):
    return {"greeting": greeting.TEXT, "wrapped": os.environ.get("WRAPPED_BY"), "plain": os.environ["PLAIN"], "path": os.environ["PATH"]}

#!/bin/sh
# Ends before it asks for its first invocation.
exit 3

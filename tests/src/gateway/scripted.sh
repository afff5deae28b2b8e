#!/bin/sh
# Stands in for the binary `tollgate`: runs the commands in SCRIPT. A file that a test wrote itself could still be open in the child
# of another test's fork, and could then not be executed.
eval "$SCRIPT"

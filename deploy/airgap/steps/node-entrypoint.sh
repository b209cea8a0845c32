#!/bin/sh
# As in the public image: options, and a first word that is no command, are for node.
set -e
case "${1-}" in
  '' | -*) set -- node "$@" ;;
  *) command -v "$1" >/dev/null 2>&1 || set -- node "$@" ;;
esac
exec "$@"

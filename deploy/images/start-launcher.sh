#!/bin/sh
# Puts this image's runner tree into the volume under the name of its content, and becomes the launcher. Sandboxes have
# a tree mounted for as long as they run, so an upgrade adds one beside the earlier, and changes none.
set -eu
trees=${ROUNDHOUSE_RUNNER_TREES:-/var/lib/roundhouse/runner}
made=$(echo /opt/runner-tree/*)
tree=$trees/$(basename "$made")
if [ ! -d "$tree" ]; then
  mkdir -p "$trees"
  rm -rf "$trees"/.unfinished.*
  unfinished=$(mktemp -d "$trees/.unfinished.XXXXXX")
  cp -R "$made/." "$unfinished/"
  mkdir -p "$unfinished/bin"
  cp "$(command -v node)" "$unfinished/bin/node"
  chmod -R a+rX "$unfinished"
  # The data before the name: after a power cut the tree is whole or not there.
  sync "$unfinished/bin/node"
  mv "$unfinished" "$tree"
fi
export ROUNDHOUSE_RUNNER_TREE="$tree"
exec node /app/services/launcher/dist/main.js

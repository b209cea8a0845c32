#!/bin/sh
# install.sh TREES: in the build stage, with only the package.json files there, so that the layer is kept until one of
# them changes. All dependencies go to the current folder; TREES/<service> gets a service's production dependencies.
set -eu
trees=$1
# Scripts of packages are not run: none of what is left needs to be built, and an image should not run strangers' code.
options='--ignore-scripts --no-audit --no-fund --loglevel=error --cache /tmp/npm'
# shellcheck disable=SC2086 # the options are words
npm ci --include=dev $options
for service in services/coordinator services/launcher services/mcp-gateway services/relay packages/cli; do
  tree=$trees/${service#*/}
  mkdir -p "$tree"
  cp -R package.json package-lock.json .npmrc "$tree/"
  for manifest in packages/*/package.json services/*/package.json; do
    mkdir -p "$tree/$(dirname "$manifest")"
    cp "$manifest" "$tree/$manifest"
  done
  # shellcheck disable=SC2086
  (cd "$tree" && npm ci --omit=dev --workspace "$service" --include-workspace-root=false --prefer-offline $options)
done
rm -rf /tmp/npm

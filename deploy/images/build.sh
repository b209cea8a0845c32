#!/bin/sh
# build.sh TREES: compiles the sources, fills each tree of install.sh with the packages that its service uses, and makes
# the runner tree at /runner-tree/<hash of its content>.
set -eu
trees=$1
node scripts/bootstrap/transpile.mjs
for tree in "$trees"/*; do
  rm "$tree/package.json" "$tree/package-lock.json" "$tree/.npmrc"
  # npm has linked what the service uses of ours; the testkit is linked too, though nothing in production uses it.
  rm -f "$tree/node_modules/@roundhouse/testkit" "$tree/node_modules/.package-lock.json"
  for package in packages/* services/*; do
    name=$(basename "$package")
    if [ ! -e "$tree/node_modules/@roundhouse/$name" ]; then
      rm -rf "${tree:?}/$package"
      continue
    fi
    for part in dist lua hooks schema openapi.json; do
      if [ -e "$package/$part" ]; then cp -R "$package/$part" "$tree/$package/"; fi
    done
    rm -rf "$tree/$package/dist/testing"
    find "$tree/$package/dist" \( -name '*.map' -o -name '*.d.ts' -o -name '.tsbuildinfo' \) -delete
  done
done

content=$(basename "$(node scripts/runner-tree.mjs --into /runner-tree)")
# 120 MB that the launcher's image has already: start-launcher.sh puts it back.
cmp "/runner-tree/$content/bin/node" "$(command -v node)"
rm "/runner-tree/$content/bin/node"

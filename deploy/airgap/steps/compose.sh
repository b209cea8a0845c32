# docker-compose 1.29 is what Debian 12 has. The v2 plugin is one static file, taken out of Debian 13's package.
ensure_compose() {
  ensure_program docker-compose docker-compose
}

ensure_compose_plugin() {
  if docker compose version >/dev/null 2>&1; then return 0; fi
  say "docker compose plugin $COMPOSE_PLUGIN_VERSION from Debian $COMPOSE_PLUGIN_SUITE"
  local own=$scratch/plugin mirror package
  refresh_lists
  mirror="$(debian_mirror)"
  mkdir -p "$own/lists/partial" "$own/cache/archives/partial" "$own/unpacked" "$COMPOSE_PLUGIN_FOLDER"
  # Lists of its own: the machine's apt knows nothing of the newer Debian, before and after.
  echo "deb [signed-by=$KEYRING] $mirror $COMPOSE_PLUGIN_SUITE main" >"$own/sources.list"
  local apt=(apt-get -o "Dir::Etc::sourcelist=$own/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$own/lists" -o "Dir::Cache=$own/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none)
  quietly "$scratch/plugin-lists.log" "${apt[@]}" update -qq
  (cd "$own" && quietly "$scratch/plugin-package.log" "${apt[@]}" download -qq "docker-compose=$COMPOSE_PLUGIN_VERSION")
  package="$(find "$own" -maxdepth 1 -name 'docker-compose_*.deb')"
  dpkg-deb -x "$package" "$own/unpacked"
  install -m 755 "$(find "$own/unpacked" -type f -path '*/cli-plugins/docker-compose')" "$COMPOSE_PLUGIN_FOLDER/docker-compose.new"
  mv "$COMPOSE_PLUGIN_FOLDER/docker-compose.new" "$COMPOSE_PLUGIN_FOLDER/docker-compose"
  docker compose version >/dev/null || refuse 'the compose plugin does not run with this docker client'
}

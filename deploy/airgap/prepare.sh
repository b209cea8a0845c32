#!/usr/bin/env bash
# The one entry: reads the options, then takes the steps in order. Each step looks first and does only what is missing.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
for part in settings progress debian-packages engine-ground engine compose stand-in image-debian image-node image-redis \
  image-file shared-folder; do
  # shellcheck source=/dev/null
  . "$here/steps/$part.sh"
done

usage() {
  cat <<TEXT
Makes a machine without an image registry able to run "docker compose up" here (root, Debian 12).

  deploy/airgap/prepare.sh [options]

It needs Debian's packages and the npm registry, and nothing else. What it does, each only where it is missing:
  1. a Docker engine that answers (docker.io), started by systemd, or by this script where there is none
  2. docker-compose 1.29 from Debian 12
  3. stand-ins under the public names that our Dockerfiles and compose file use:
       $DEBIAN_TAG   from Debian packages, signatures checked by apt
       $NODE_TAG    the same with Node $NODE_VERSION and npm $NPM_VERSION from npm, SHA-512 pinned here
       $REDIS_TAG          the same with Debian's redis-server
An image of one of these names that this script did not make is real, and is left alone. It pulls nothing, and removes
nothing but what it made itself.

Options
  --compose-plugin   also "docker compose" (v2): the plugin of Debian 13's package $COMPOSE_PLUGIN_VERSION, one file
  --slots DIR        also make DIR a shared mount, so that the launcher's mounts reach running containers; prints the
                     lines for .env. Until the next boot; under systemd the disks are shared mounts anyway
  --load FILE        take the stand-ins from a file that --save wrote, and make only those it lacks
  --save FILE        write the stand-ins to a file in the end (.gz: compressed), for machines without any registry
  --engine-only      no stand-ins
  --help             this text

Environment
  DOCKER_HOST        the engine to use, and the socket that a started one listens on ($ENGINE_SOCKET)
  AIRGAP_DATA_ROOT   where a started engine keeps its images ($DATA_ROOT)
  AIRGAP_RUN_FOLDER  its run-time files: exec-root, pid file, log ($RUN_FOLDER)
  AIRGAP_MIRROR      a Debian mirror, such as http://deb.debian.org/debian, instead of those apt is set up with

A machine whose way out is behind a TLS proxy: put the proxy's certificate where Debian wants it,
/usr/local/share/ca-certificates/*.crt, and run update-ca-certificates; the stand-ins then trust it too, Node included.

A second engine beside one that runs needs a network namespace of its own, or the two quarrel over docker0 and iptables.
An engine that this script started is ended with: kill "\$(cat $RUN_FOLDER/dockerd.pid)"
TEXT
}

compose_plugin=no slots_folder='' load_file='' save_file='' engine_only=no
while [ $# -gt 0 ]; do
  case "$1" in
    --compose-plugin) compose_plugin=yes ;;
    --engine-only) engine_only=yes ;;
    --slots | --load | --save)
      [ -n "${2-}" ] || refuse "$1 needs a path; see --help"
      case "$1" in --slots) slots_folder=$2 ;; --load) load_file=$2 ;; --save) save_file=$2 ;; esac
      shift
      ;;
    --help | -h) usage && exit 0 ;;
    *) refuse "unknown option $1; see --help" ;;
  esac
  shift
done

[ "$(id -u)" = 0 ] || refuse 'this must be run as root: it installs packages and starts the engine'
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

ensure_engine
ensure_compose
if [ "$compose_plugin" = yes ]; then ensure_compose_plugin; fi
if [ -n "$slots_folder" ]; then ensure_shared_folder "$slots_folder"; fi
if [ "$engine_only" = no ]; then
  if [ -n "$load_file" ]; then load_stand_ins "$load_file"; fi
  ensure_debian_image
  # Redis and Node are both laid over Debian and have nothing to do with each other.
  ensure_redis_image &
  redis_build=$!
  ensure_node_image &
  node_build=$!
  # Both to their end, also where one fails: nothing of ours goes on in the background.
  failed=no
  for build in "$redis_build" "$node_build"; do wait "$build" || failed=yes; done
  if [ "$failed" = yes ]; then refuse 'a stand-in could not be made, see above'; fi
  if [ -n "$save_file" ]; then save_stand_ins "$save_file"; fi
fi
say 'ready'

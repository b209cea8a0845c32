#!/bin/sh
# As in the public image: options are for redis-server, /data belongs to the user redis, and the server runs as it.
set -e
case "${1-}" in -* | *.conf) set -- redis-server "$@" ;; esac
if [ "${1-}" = redis-server ] && [ "$(id -u)" = 0 ]; then
  find . ! -user redis -exec chown redis {} +
  # The public image is built without protected mode; Debian's server has it on.
  case " $* " in *" --protected-mode "* | *.conf*) ;; *) set -- "$@" --protected-mode no ;; esac
  exec setpriv --reuid redis --regid redis --clear-groups "$@"
fi
exec "$@"

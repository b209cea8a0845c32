# A Docker engine that answers: the one that is there, or docker.io of Debian 12.
READY_SECONDS=60

engine_answers() { command -v docker >/dev/null 2>&1 && docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

ensure_engine() {
  if ! engine_answers; then
    case "$ENGINE_SOCKET" in unix://*) ;; *) refuse "no engine answers at $ENGINE_SOCKET, and only a local one can be started" ;; esac
    ensure_program dockerd docker.io
    ensure_program docker docker.io
    ensure_program iptables iptables
    ensure_program ip iproute2
    start_engine
  fi
  say "engine $(docker version --format '{{.Server.Version}}') answers at $ENGINE_SOCKET"
}

start_engine() {
  if [ -d /run/systemd/system ] && [ "$ENGINE_SOCKET" = unix:///var/run/docker.sock ]; then
    say 'systemctl enable --now docker'
    quietly "$scratch/systemctl.log" systemctl enable --now docker
    await_engine ''
    return 0
  fi
  mkdir -p "$RUN_FOLDER" "$DATA_ROOT"
  ensure_cgroups
  # A chroot or container without a disk of its own: overlay cannot lie on overlay.
  local arguments=() mtu path
  if [ "$(stat -f -c %T "$DATA_ROOT")" = overlayfs ]; then arguments+=(--storage-driver vfs); fi
  path="$(engine_path)"
  if ! PATH="$path" iptables -t nat -S >/dev/null 2>&1; then
    # An engine without a bridge removes docker0, whosever it is.
    if [ -e /sys/class/net/docker0 ]; then refuse 'no usable iptables, and docker0 belongs to another engine'; fi
    say 'no usable iptables: an engine without a bridge; compose networks will not work with it'
    arguments+=(--bridge none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false)
  else
    mtu="$(narrow_mtu)"
    if [ -n "$mtu" ]; then
      arguments+=(--mtu "$mtu")
      say "the way out takes $mtu bytes a packet: put ROUNDHOUSE_MTU=$mtu into .env"
    fi
  fi
  forget_ended "$RUN_FOLDER/dockerd.pid" dockerd
  forget_ended "$RUN_FOLDER/exec/containerd/containerd.pid" containerd
  say "starting dockerd, its log is $RUN_FOLDER/dockerd.log"
  # A session of its own, so that it outlives this script and its terminal.
  PATH="$path" setsid nohup dockerd --host "$ENGINE_SOCKET" --data-root "$DATA_ROOT" --exec-root "$RUN_FOLDER/exec" \
    --pidfile "$RUN_FOLDER/dockerd.pid" "${arguments[@]}" >"$RUN_FOLDER/dockerd.log" 2>&1 </dev/null &
  await_engine $!
}

# A machine that went down leaves these behind where /run is kept, and the number may be another process's by now: dockerd
# would wait for that one as if it were its own.
forget_ended() {
  local file=$1 program=$2
  if [ -f "$file" ] && [ "$(cat "/proc/$(cat "$file")/comm" 2>/dev/null)" != "$program" ]; then rm -f "$file"; fi
}

# The engine tells nobody that it is ready, so it is asked, for a minute at most; less where its process has ended.
await_engine() {
  local pid=$1 until=$((SECONDS + READY_SECONDS))
  until engine_answers; do
    if [ "$SECONDS" -ge "$until" ] || { [ -n "$pid" ] && ! kill -0 "$pid" 2>/dev/null; }; then
      tail -n 20 "$RUN_FOLDER/dockerd.log" >&2 2>/dev/null || true
      refuse "the engine did not come up; see $RUN_FOLDER/dockerd.log"
    fi
    sleep 0.2
  done
}

# What an engine stands on, where the machine (a small VM, a chroot) comes without it.

# Without systemd nobody has mounted the control groups.
ensure_cgroups() {
  mountpoint -q /sys/fs/cgroup && return 0
  if grep -qw cgroup2 /proc/filesystems && ! grep -q '^memory.*1$' /proc/cgroups; then
    say 'mounting control groups (v2)'
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    return 0
  fi
  say 'mounting control groups (v1)'
  mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
  local controller
  while read -r controller _ _ enabled; do
    [ "$enabled" = 1 ] || continue
    mkdir -p "/sys/fs/cgroup/$controller"
    mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller" || rmdir "/sys/fs/cgroup/$controller"
  done < <(tail -n +2 /proc/cgroups)
}

# Answers the PATH for the engine: where the kernel knows only the older tables, `iptables` must be the legacy program.
# It is put before the other for the engine alone; the machine's own choice stays as it is.
engine_path() {
  if ! iptables -t nat -S >/dev/null 2>&1 && iptables-legacy -t nat -S >/dev/null 2>&1; then
    mkdir -p "$RUN_FOLDER/programs"
    local program
    for program in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
      ln -sfn "$(command -v "${program/tables/tables-legacy}")" "$RUN_FOLDER/programs/$program"
    done
    echo "$RUN_FOLDER/programs:$PATH"
  else
    echo "$PATH"
  fi
}

# The MTU of the way out, where it is narrower than Ethernet's: packets of containers must not be wider.
narrow_mtu() {
  local device mtu
  device="$(ip -o route show default 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -n 1)"
  mtu="$(cat "/sys/class/net/${device:-none}/mtu" 2>/dev/null || echo 1500)"
  if [ "$mtu" -lt 1500 ]; then echo "$mtu"; fi
}

# Progress goes to standard error, with the seconds since the start, so that a log shows what takes long.
# SECONDS is bash's own clock; background steps inherit it.
say() { printf 'airgap %4ds  %s\n' "$SECONDS" "$*" >&2; }

refuse() {
  printf 'airgap: %s\n' "$*" >&2
  exit 1
}

# quietly LOG COMMAND…: runs a command whose words matter only where it fails.
quietly() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    refuse "this failed: $*"
  }
}

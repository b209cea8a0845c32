# debian:bookworm-slim: the packages that every Debian has, without documentation and translations, as in the public one.
debian_recipe() { recipe_of image-debian.sh "$SUITE" "$(cat "$here/steps/apt-in-images.conf")"; }

ensure_debian_image() {
  local recipe
  recipe="$(debian_recipe)"
  if is_there "$DEBIAN_TAG" "$recipe"; then return 0; fi
  ensure_program mmdebstrap mmdebstrap
  refresh_lists
  debian_sources >"$scratch/debian.list"
  [ -s "$scratch/debian.list" ] || refuse "apt of this machine has no source of Debian $SUITE: name one with AIRGAP_MIRROR"
  say "$DEBIAN_TAG: unpacking Debian $SUITE"

  local options=(
    --variant=minbase --mode=root --format=tar --include=usr-is-merged --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr
    --aptopt='Acquire::Languages "none"' --dpkgopt=force-unsafe-io
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright'
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/info/*'
    --dpkgopt='path-exclude=/usr/share/locale/*'
    "--customize-hook=upload $here/steps/no-services.sh /usr/sbin/policy-rc.d"
    "--customize-hook=upload $here/steps/apt-in-images.conf /etc/apt/apt.conf.d/docker-clean"
    --customize-hook='chmod 755 "$1/usr/sbin/policy-rc.d"'
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin "$1"/var/log/*.log'
  )
  if has_own_certificates; then
    # The bundle for who reads it now, the single files for an `update-ca-certificates` that comes later.
    options+=(--customize-hook='mkdir -p "$1/etc/ssl/certs" "$1/usr/local/share/ca-certificates"'
      --customize-hook='copy-in /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs'
      --customize-hook='cp /usr/local/share/ca-certificates/*.crt "$1/usr/local/share/ca-certificates/"')
  fi
  # Thousands of small files: in memory where there is room for them.
  local room
  room="$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')"
  if [ "${room:-0}" -gt 1500000 ]; then export TMPDIR=/dev/shm; fi
  if ! mmdebstrap --quiet "${options[@]}" "$SUITE" "$scratch/debian.tar" "$scratch/debian.list" >"$scratch/mmdebstrap.log" 2>&1; then
    tail -n 20 "$scratch/mmdebstrap.log" >&2
    refuse "$DEBIAN_TAG could not be made"
  fi
  unset TMPDIR
  quietly "$scratch/import.log" docker import --change 'CMD ["bash"]' \
    --change "LABEL $KIND_LABEL=debian $RECIPE_LABEL=$recipe" "$scratch/debian.tar" "$DEBIAN_TAG"
  rm "$scratch/debian.tar"
  say "$DEBIAN_TAG made"
}

# Debian's packages, through apt alone: apt checks the archive's signatures and every file's hash.

# ensure_program PROGRAM PACKAGE…: installs the packages where the program is missing.
ensure_program() {
  local program=$1
  shift
  if command -v "$program" >/dev/null 2>&1; then return 0; fi
  say "apt-get install $*"
  refresh_lists
  quietly "$scratch/install-$program.log" apt-get install -y -qq --no-install-recommends "$@"
}

refresh_lists() {
  [ -e "$scratch/lists-are-fresh" ] && return 0
  quietly "$scratch/update.log" apt-get update -qq
  touch "$scratch/lists-are-fresh"
}

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# The Debian 12 sources of this machine as lines of a sources.list, without those of third parties.
debian_sources() {
  if [ -n "${AIRGAP_MIRROR:-}" ]; then
    local release
    for release in "$SUITE" "$SUITE-updates"; do echo "deb [signed-by=$KEYRING] ${AIRGAP_MIRROR%/} $release main"; done
    echo "deb [signed-by=$KEYRING] ${AIRGAP_MIRROR%/}-security $SUITE-security main"
    return 0
  fi
  apt-get indextargets --format '$(ORIGIN)|$(CODENAME)|$(COMPONENT)|$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    awk -F'|' -v suite="$SUITE" -v keys="$KEYRING" \
      '$1 == "Debian" && index($2, suite) == 1 && $3 == "main" { print "deb [signed-by=" keys "] " $4 " main" }' | sort -u
}

# The mirror of the first of these sources.
debian_mirror() { debian_sources | awk '$4 !~ /security/ { print $3; exit }'; }

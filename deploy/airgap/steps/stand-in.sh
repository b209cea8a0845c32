# What makes an image one of ours: two labels. `recipe` changes with whatever the image is made from, so that an older
# stand-in is made anew, and an image without the labels is real and never touched.
KIND_LABEL=dev.roundhouse.stand-in
RECIPE_LABEL=dev.roundhouse.stand-in.recipe

# recipe_of STEP-FILE WORD…: a short hash over the step, the words and the certificates that this machine trusts beyond
# Debian's.
recipe_of() {
  local step=$1
  shift
  { cat "$here/steps/$step" && printf '%s\n' "$@" && cat /usr/local/share/ca-certificates/*.crt 2>/dev/null || true; } |
    sha256sum | cut -c 1-16
}

# label_of TAG LABEL: nothing where the image is absent or has no such label.
label_of() { docker image inspect --format "{{index .Config.Labels \"$2\"}}" "$1" 2>/dev/null || true; }

# is_there TAG RECIPE: whether nothing is to be done: a real image, or our own of this recipe.
is_there() {
  docker image inspect "$1" >/dev/null 2>&1 || return 1
  if [ -z "$(label_of "$1" "$KIND_LABEL")" ]; then
    say "$1 is there, and is not ours: left alone"
    return 0
  fi
  [ "$(label_of "$1" "$RECIPE_LABEL")" = "$2" ] || return 1
  say "$1 is there"
}

# build_stand_in TAG FOLDER: builds the folder's Dockerfile.
build_stand_in() {
  local network=()
  if [ "$(docker network ls --quiet --filter name='^bridge$')" = '' ]; then network=(--network host); fi
  quietly "$scratch/build-$(basename "$2").log" docker build "${network[@]}" --tag "$1" "$2"
  say "$1 made"
}

# Whether this machine trusts certificates of its own: a TLS proxy's, mostly.
has_own_certificates() { compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; }

# The stand-ins as a file, for machines that reach no registry at all.
STAND_INS=("$DEBIAN_TAG" "$NODE_TAG" "$REDIS_TAG")

load_stand_ins() {
  [ -r "$1" ] || refuse "$1 cannot be read"
  local tag
  # Loading moves the tags that stand in the file, so none of them may be a real image's.
  for tag in $(tags_in "$1"); do
    if docker image inspect "$tag" >/dev/null 2>&1 && [ -z "$(label_of "$tag" "$KIND_LABEL")" ]; then
      say "$1 is not loaded: $tag is there, and is not ours"
      return 0
    fi
  done
  quietly "$scratch/load.log" docker load --input "$1"
  say "loaded $1"
}

# The tags that stand in a file of `docker save`.
tags_in() { tar -xOf "$1" manifest.json | grep -o '"RepoTags":\[[^]]*\]' | sed 's/"RepoTags"://' | grep -o '"[^"]*"' | tr -d '"'; }

# Only what is ours: a real image has its own way to where it is needed.
save_stand_ins() {
  local file=$1 tag ours=()
  for tag in "${STAND_INS[@]}"; do
    if [ -n "$(label_of "$tag" "$KIND_LABEL")" ]; then ours+=("$tag"); fi
  done
  [ "${#ours[@]}" -gt 0 ] || refuse 'none of the images is ours, so there is nothing to save'
  if [ "${file%.gz}" = "$file" ]; then docker save --output "$file.new" "${ours[@]}"
  else docker save "${ours[@]}" | gzip -1 >"$file.new"; fi
  mv "$file.new" "$file"
  say "saved ${ours[*]} to $file ($(du -h "$file" | cut -f 1))"
}

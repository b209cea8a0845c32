# Mounts that the launcher makes below a folder reach containers only where the folder lies on a shared mount.
ensure_shared_folder() {
  local folder
  mkdir -p "$1"
  folder="$(cd "$1" && pwd -P)"
  case "$(findmnt --noheadings --output PROPAGATION --target "$folder")" in
    *shared*) say "$folder lies on a shared mount" ;;
    *)
      mount --bind "$folder" "$folder"
      mount --make-rshared "$folder"
      say "$folder is a shared mount now, until the next boot"
      ;;
  esac
  printf 'ROUNDHOUSE_SLOTS_FOLDER=%s\nROUNDHOUSE_SLOTS_PROPAGATION=rshared\n' "$folder"
}

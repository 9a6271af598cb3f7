#!/usr/bin/env bash
# Make .env for docker-compose.yml from .env.example, with random passwords, readable by its owner only.
#
# Can be run at any time: what .env says already stays, for the volumes were made with these passwords;
# what it lacks is added.
#   deploy/make-env.sh [FILE]
set -euo pipefail
umask 077

PROJECT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
readonly PROJECT
readonly EXAMPLE="$PROJECT/.env.example"
readonly FILE=${1:-"$PROJECT/.env"}

# Hexadecimal, so that a password needs no quoting in a URL, in YAML or in Kafka's JAAS.
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# The example's settings that FILE lacks, passwords filled in; an empty password counts as lacking.
missing() {
  local line name value
  while IFS= read -r line; do
    [[ $line =~ ^([A-Z_]+)=(.*)$ ]] || continue
    name=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
    if [[ $name == *_PASSWORD ]]; then
      grep -qs "^$name=." "$FILE" || printf '%s=%s\n' "$name" "$(random)"
    elif ! grep -qs "^$name=" "$FILE"; then
      printf '%s=%s\n' "$name" "$value"
    elif [[ $name == *_IMAGE ]] && ! grep -qxF "$line" "$FILE"; then
      printf '%s keeps another %s than .env.example: %s\n' "$FILE" "$name" "$value" >&2
    fi
  done <"$EXAMPLE"
}

if [[ ! -e $FILE ]]; then
  draft=$(mktemp "$FILE.XXXXXX")
  trap 'rm -f -- "$draft"' EXIT
  { grep -v '_PASSWORD=$' "$EXAMPLE"; missing | grep '_PASSWORD='; } >"$draft"
  # A link, unlike a move, fails when another run was faster.
  ln -- "$draft" "$FILE"
  printf '%s made, with random passwords\n' "$FILE"
  exit
fi
chmod 600 -- "$FILE"
added=$(missing)
if [[ -z $added ]]; then
  printf '%s is complete already; nothing changed\n' "$FILE"
  exit
fi
# An editor may have left the last line without its end.
[[ -z $(tail -c 1 -- "$FILE") ]] || printf '\n' >>"$FILE"
printf '%s\n' "$added" >>"$FILE"
printf 'added to %s: %s\n' "$FILE" "$(cut -d= -f1 <<<"$added" | paste -sd' ')"

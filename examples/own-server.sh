#!/usr/bin/env bash
# Hands what a manager asks of an own server to that server, which speaks the same JSON over TCP, and prints its answer.
# For a server that speaks something else, its own tool stands here.
set -euo pipefail
read -r request
if ! { exec 3<>"/dev/tcp/$QUORATE_HOST/$QUORATE_PORT"; } 2>/dev/null; then
  # Nothing listens, which is what a probe wants to know; whatever else was asked has not happened, but may be asked again.
  [ "$1" = probe ] && echo '{ "probe": "refused" }' && exit 0
  exit 1
fi
printf '%s\n' "$request" >&3
read -r answer <&3
printf '%s\n' "$answer"

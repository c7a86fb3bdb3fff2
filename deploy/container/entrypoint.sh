#!/bin/sh
# Run gateledger as whatever user id the container was given. PostgreSQL refuses an id without a name, so one is
# lent to it where the system has none.
set -eu

library=$(find /usr/lib -name libnss_wrapper.so -print -quit 2>/dev/null || true)
if [ -n "$library" ] && ! getent passwd "$(id -u)" >/dev/null; then
  if names=$(mktemp -d 2>/dev/null); then
    printf 'gateledger:x:%s:%s::%s:/usr/sbin/nologin\n' "$(id -u)" "$(id -g)" "${HOME:-/}" >"$names/passwd"
    printf 'gateledger:x:%s:\n' "$(id -g)" >"$names/group"
    export LD_PRELOAD="$library" NSS_WRAPPER_PASSWD="$names/passwd" NSS_WRAPPER_GROUP="$names/group"
  fi
fi
exec gateledger "$@"

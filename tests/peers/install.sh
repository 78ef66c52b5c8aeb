#!/usr/bin/env bash
# Installs the servers and the browser that the tests run against, where they are missing and this is root
# on Debian. Installs nothing otherwise: the tests that need an absent one then skip and say so, or fail
# when MAILD_REQUIRE_REAL=1. The servers that Debian would start are never started: the tests run their own.
set -euo pipefail

has_postgres() {
    command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

missing=()
PATH="$PATH:/usr/sbin:/sbin" command -v dovecot >/dev/null || missing+=(dovecot-imapd)
has_postgres || missing+=(postgresql)
PATH="$PATH:/usr/sbin:/sbin" command -v postfix >/dev/null || missing+=(postfix)
PATH="$PATH:/usr/sbin:/sbin" command -v clamd >/dev/null || missing+=(clamav-daemon)
command -v openssl >/dev/null || missing+=(openssl)
command -v systemd-analyze >/dev/null || missing+=(systemd)
command -v groff >/dev/null || missing+=(groff-base)
command -v chromium >/dev/null || missing+=(chromium fonts-dejavu-core)
[ "${#missing[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "maild: not installed here: ${missing[*]}; as root, apt-get install them to run every test" >&2
    exit 0
fi

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    # invoke-rc.d asks this file before it starts a service; 101 means "do not".
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi

echo "maild: installing for the tests: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# Postfix's installer would configure this machine's own mail, and asks how.
echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
apt-get update -qq
apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null

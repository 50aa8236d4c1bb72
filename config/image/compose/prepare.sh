#!/bin/sh
# prepare [FOLDER]: random keys, client tokens and certificates for docker-compose.yaml, in build/compose. Whoever can read them
# can call the demo, and nothing else. Wants openssl. Run again, it makes new ones.
set -eu
place=${1:-$(cd "$(dirname "$0")/../../.." && pwd)/build/compose}
if [ $# -gt 0 ] && [ -n "$(ls -A "$place" 2>/dev/null)" ] && [ ! -e "$place/push.env" ]; then
  echo "prepare: $place has what this did not make: name another folder" >&2
  exit 1
fi
rm -rf "$place"
umask 022  # the containers read them as another user
mkdir -p "$place/gate" "$place/tls"

random() { openssl rand -hex 16; }
put() { printf '%s\n' "$2" >"$place/$1"; }

push=$(random) securenvoy=$(random) webhook=whsec_$(openssl rand -base64 32)
put gate/push-full "$push"
put gate/securenvoy "$securenvoy"
put gate/webhook-secret "$webhook"
put gate/siem-token "siem-$(random)"
put gate/soar-token "soar-$(random)"
put push.env "PUSH_KEY=$push"
put securenvoy.env "SECURENVOY_KEY=$securenvoy"
put webhook.env "WEBHOOK_SECRET=$webhook"

# One authority, which the gate trusts, and one certificate for the three that it calls.
cd "$place/tls"
ca=$(mktemp -d)
trap 'rm -rf "$ca"' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj '/CN=demo authority' \
  -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign -keyout "$ca/ca.key" -out ca.crt 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=push' -keyout server.key -out "$ca/server.csr" 2>/dev/null
printf 'subjectAltName=DNS:push,DNS:securenvoy,DNS:webhook\n' >"$ca/names"
openssl x509 -req -in "$ca/server.csr" -CA ca.crt -CAkey "$ca/ca.key" -CAcreateserial -CAserial "$ca/serial" -days 365 \
  -extfile "$ca/names" -out server.crt 2>/dev/null
chmod 644 server.key
printf 'made %s; next: docker compose up --build\n' "$place"

#!/usr/bin/env bash
# Makes the private authority of `connect`: one that can certify the vendors' hosts and no other.
#
# usage: connect_ca.sh HOST...     writes connect-ca.crt and connect-ca.key (mode 600) into the current folder
#
# HOST: each vendor's, as the tools call it: api.pushsecurity.com acme.eu.securenvoy.directory. A name stands for its subdomains too.
set -euo pipefail

(($#)) || { echo 'usage: connect_ca.sh HOST...' >&2; exit 2; }
for file in connect-ca.crt connect-ca.key; do
  [[ ! -e $file ]] || { echo "connect_ca.sh: $file is there already: move it away, tools may trust it" >&2; exit 1; }
done
constraints=
label='[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?'
for host; do
  [[ $host =~ ^($label\.)+$label$ && ! $host =~ ^[0-9.]+$ ]] || { echo "connect_ca.sh: $host is no host name" >&2; exit 2; }
  constraints+="permitted;DNS:$host,"
done
constraints+='excluded;IP:0.0.0.0/0.0.0.0,excluded;IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0'

umask 077
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj '/CN=sluice connect' \
  -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' -addext 'keyUsage=critical,keyCertSign' \
  -addext "nameConstraints=critical,$constraints" -keyout connect-ca.key -out connect-ca.crt
chmod 644 connect-ca.crt
openssl x509 -in connect-ca.crt -noout -fingerprint -sha256 -enddate

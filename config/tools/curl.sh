#!/usr/bin/env bash
# One request through the gate by curl.
#
# usage: curl.sh METHOD PATH [JSON]     prints the answer's body, of HEAD its head; exits 22 when its status is an error
#
# SLUICE_URL     the gate and the API's name: https://gate.example:8443/push
# SLUICE_TOKEN   the client's token; it is passed by a file descriptor, so that ps does not show it
# SLUICE_CA      PEM of the authority of the gate's certificate, if the system does not know it
set -euo pipefail

method=${1:?usage: curl.sh METHOD PATH [JSON]} path=${2:?usage: curl.sh METHOD PATH [JSON]}
answer=$(mktemp)  # for curl to begin anew when it asks again
trap 'rm -f "$answer"' EXIT
# The path goes out as it is written.
options=(--silent --show-error --fail-with-body --max-time 60 --globoff --path-as-is --output "$answer" --request "$method")
[[ $method != HEAD ]] || options+=(--head)
[[ -z ${SLUICE_CA:-} ]] || options+=(--cacert "$SLUICE_CA")
# curl waits as Retry-After says. It would repeat a write after a 502 or 504 too, which may have been carried out: reads only.
[[ $method != GET && $method != HEAD ]] || options+=(--retry 3 --retry-max-time 120)
[[ -z ${3:-} ]] || options+=(--header 'Content-Type: application/json' --data-raw "$3")

status=0
curl "${options[@]}" --header @<(printf 'x-api-key: %s\n' "$SLUICE_TOKEN") "$SLUICE_URL$path" || status=$?
cat "$answer"
exit "$status"

#!/bin/sh
# What the two tools send in a day, each line once: method, path, token, body. Prints the status of each answer.
ask() {
  curl --silent --output answer.json --write-out "%{http_code}  $1 $2\n" --request "$1" "http://127.0.0.1:8080$2" \
    --header "Authorization: Bearer $3" ${4:+--header 'Content-Type: application/json' --data "$4"}
}
ask GET '/push/v1/employees?limit=100' "$SIEM_TOKEN"
ask GET '/push/v1/detections?limit=100' "$SIEM_TOKEN"
ask GET '/securenvoy/api/user/restapi/users' "$SIEM_TOKEN"
ask GET '/push/v1/loginEvents' "$SIEM_TOKEN"
ask POST '/push/v1/employees/e1/groups' "$SOAR_TOKEN" '{"group":"Quarantine"}'
ask POST '/push/v1/employees/e2/groups' "$SOAR_TOKEN" '{"group":"Administrators"}'
ask POST '/securenvoy/api/user/restapi/groups/g1/assignusers' "$SOAR_TOKEN" '["u1","u2"]'
ask POST '/securenvoy/api/user/restapi/groups/g1/assignusers' "$SOAR_TOKEN" '["u1","u2","u3"]'
ask PUT '/securenvoy/api/user/restapi/users/u1' "$SOAR_TOKEN" '{"city":"Leeds","password":"not-a-real-one"}'

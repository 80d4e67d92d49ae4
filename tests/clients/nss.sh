#!/usr/bin/env bash
# NSS, the library of Firefox: the module in a database, certificates listed without a PIN, keys with it, and a TLS
# connection for which the client's key is on the card.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
new_card
new_authority
# Not 04: NSS wants a login before it uses a certificate, and gives none for a key that needs none.
new_key rsa:2048 01
new_key EC:prime256v1 02
for id in 01 02; do
    public_key "$id" "$work/public.pem"
    certify "$work/public.pem" "Card user $id" clientAuth "$work/user-$id.pem"
    user --write-object "$work/user-$id.pem.der" --type cert --id "$id" --label "user $id"
done
label=$(token_label)
echo "$PIN" >"$work/pin"
echo 999999 >"$work/wrong-pin"

new_database() {
    mkdir "$work/$1"
    certutil -N -d "sql:$work/$1" --empty-password
    certutil -A -d "sql:$work/$1" -n authority -t CT,C,C -i "$work/ca/cert.pem"
}

step "the module in a database"
new_database client
expect "added to database" modutil -force -dbdir "sql:$work/client" -add jeton -libfile "$MODULE"
expect "$label" modutil -dbdir "sql:$work/client" -list jeton
# cert ARGUMENTS...: certutil, which must never wait for somebody to type a PIN.
cert() { timeout 60 certutil -d "sql:$work/client" "$@"; }

step "certificates without a PIN, keys with it"
listing=(cert -L -h all)
if [[ $TOKEN == softhsm ]]; then
    listing+=(-f "$work/pin") # it does not say that its certificates are public
fi
"${listing[@]}" >"$work/certificates" </dev/null
cat "$work/certificates"
[[ $(grep -c "^$label:.* u,u,u" "$work/certificates") -eq 2 ]] || fail "the two certificates of the card are not listed"
mapfile -t names < <(sed -n "s/^\($label:.*[^ ]\)  *u,u,u *\$/\1/p" "$work/certificates")
cert -K -h "$label" -f "$work/pin" >"$work/keys"
cat "$work/keys"
[[ $(grep -c '^<' "$work/keys") -eq 2 ]] || fail "the two keys of the card are not listed"
refuse "PIN" cert -K -h "$label" -f "$work/wrong-pin"

step "TLS: the server demands a certificate, the client's key is on the card"
new_database server
openssl req -new -newkey rsa:2048 -nodes -keyout "$work/server.key" -subj "/CN=localhost" -out "$work/server.req" 2>/dev/null
openssl pkey -in "$work/server.key" -pubout -out "$work/server.pub"
certify "$work/server.pub" localhost serverAuth "$work/server.pem"
openssl pkcs12 -export -in "$work/server.pem" -inkey "$work/server.key" -name server -passout pass:x -out "$work/server.p12"
pk12util -i "$work/server.p12" -d "sql:$work/server" -W x >/dev/null
port=$(free_port)
selfserv -d "sql:$work/server" -p "$port" -n server -r -r -v -V tls1.2:tls1.3 >"$work/selfserv.log" 2>&1 </dev/null &
servers+=($!)
wait_for_port "$port"

# connect OPTIONS...: one request.
printf 'GET / HTTP/1.0\r\n\r\n' >"$work/request"
connect() {
    timeout 60 tstclnt -h localhost -p "$port" -d "sql:$work/client" -A "$work/request" "$@" >"$work/answer" 2>&1 </dev/null &&
        grep -aq "HTTP/1.0 200 OK" "$work/answer"
}
[[ ${#names[@]} -eq 2 ]] || fail "the names are: ${names[*]}"
for name in "${names[@]}"; do
    for version in tls1.2 tls1.3; do
        connect -n "$name" -w "$PIN" -V "$version:$version" || fail "$name, $version: $(cat "$work/answer" "$work/selfserv.log")"
        echo "$name: $version ok"
    done
done
if connect -V tls1.2:tls1.2; then
    fail "the server lets in clients without a certificate"
fi

step "the module out of the database"
expect "deleted from database" modutil -force -dbdir "sql:$work/client" -delete jeton

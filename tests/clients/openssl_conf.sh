#!/usr/bin/env bash
# OpenSSL beside us: an OPENSSL_CONF that loads this module through engine_pkcs11, in programs that use the module
# themselves and in the openssl command. Nothing may crash, hang, or find itself inside itself.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
new_card
new_key rsa:2048 01
new_key EC:prime256v1 03
engine=$(dirname "$(openssl version -e | cut -d'"' -f2)/x")/pkcs11.so
[[ -f "$engine" ]] || fail "engine_pkcs11 is not in the directory of OpenSSL's engines: $engine"

# The configuration of an application that wants its keys from the card; with init the engine starts the module at once.
configuration() {
    cat >"$work/openssl-$1.cnf" <<TEXT
openssl_conf = openssl_init
[openssl_init]
engines = engine_section
[engine_section]
pkcs11 = pkcs11_section
[pkcs11_section]
engine_id = pkcs11
dynamic_path = $engine
MODULE_PATH = $MODULE
PIN = $PIN
init = $1
TEXT
}
configuration 0
configuration 1

for init in 0 1; do
    export OPENSSL_CONF="$work/openssl-$init.cnf"
    step "a program that loads the module in a process whose OpenSSL loads it too (init = $init)"
    expect "No errors" timeout 60 pkcs11-tool --module "$MODULE" --login --pin "$PIN" --test
done

export OPENSSL_CONF="$work/openssl-0.cnf"
echo data >"$work/data"
for id in 01 03; do
    step "openssl signs with key $id of the card"
    public_key "$id" "$work/public-$id.pem"
    timeout 60 openssl dgst -engine pkcs11 -keyform engine -sign "pkcs11:id=%$id;type=private" -sha256 \
        -out "$work/signature" "$work/data"
    expect "Verified OK" env -u OPENSSL_CONF openssl dgst -sha256 -verify "$work/public-$id.pem" \
        -signature "$work/signature" "$work/data"
done

step "the command of this project in such a process"
expect "jeton soft card test" timeout 60 "$JETON" list

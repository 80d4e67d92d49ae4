#!/usr/bin/env bash
# card.sh DIRECTORY: a software card "test" in DIRECTORY, with an RSA key and its certificate under the id 01. It is made
# here because the guest computes slowly; for the same reason its PIN is hashed few times.
set -euo pipefail
directory=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export JETON_STATE_DIR="$work/state" JETON_CONFIG="$work/jeton.json" JETON_LOG=error
mkdir -m 0700 "$JETON_STATE_DIR"
echo '{}' >"$JETON_CONFIG"

"$JETON" softcard create test --applet piv --pin-iterations 100 </dev/null
tool=(pkcs11-tool --module "$MODULE" --slot-description "jeton soft card test" --id 01)
"${tool[@]}" --login --pin 123456 --keypairgen --key-type rsa:2048 >/dev/null
"${tool[@]}" --read-object --type pubkey --output-file "$work/public.der" >/dev/null
openssl pkey -pubin -inform DER -in "$work/public.der" -out "$work/public.pem"
openssl ecparam -name prime256v1 -genkey -noout -out "$work/authority.pem"
openssl x509 -new -subj "/CN=Guest user" -key "$work/authority.pem" -force_pubkey "$work/public.pem" -days 365 \
    -outform DER -out "$work/certificate.der"
"${tool[@]}" --login --pin 123456 --write-object "$work/certificate.der" --type cert >/dev/null
cp "$JETON_STATE_DIR"/test.softcard "$directory/"

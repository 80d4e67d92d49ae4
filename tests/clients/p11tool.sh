#!/usr/bin/env bash
# GnuTLS's p11tool: lists, a signature of its own making verified, a certificate stored.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
new_card
new_key rsa:2048 01
new_key EC:secp384r1 02
new_key EC:prime256v1 04
export GNUTLS_PIN=$PIN
tool() { p11tool --provider "$MODULE" "$@"; }

step "the token"
label=$(token_label)
token="pkcs11:token=${label// /%20}"
expect "token=${label// /%20}" tool --list-token-urls
expect "CKM_RSA_PKCS" tool --list-mechanisms "$token"

step "objects"
tool --login --list-all "$token" >"$work/objects" </dev/null
cat "$work/objects"
[[ $(grep -c '^Object [0-9]' "$work/objects") -ge 6 ]] || fail "fewer than three key pairs"
for id in 01 02 04; do
    expect "Private key" tool --login --list-privkeys "pkcs11:id=%$id"
done

step "signatures, verified by GnuTLS"
for id in 01 04; do
    expect "Verifying against public key in the token... ok" tool --login --test-sign "pkcs11:id=%$id;type=private"
done
expect "Verifying against public key in the token... ok" \
    tool --login --test-sign --hash sha384 "pkcs11:id=%02;type=private"
expect "Verifying against public key in the token... ok" \
    tool --login --test-sign --sign-params rsa-pss "pkcs11:id=%01;type=private"

step "a certificate"
new_authority
public_key 01 "$work/public.pem"
certify "$work/public.pem" "Card user" clientAuth "$work/user.pem"
expect "" tool --login --write --load-certificate "$work/user.pem" --id 01 --label user "$token"
expect "X.509 Certificate (RSA-2048)" tool --list-all-certs
tool --export "pkcs11:id=%01;type=cert" --outfile "$work/back.pem"
openssl x509 -in "$work/back.pem" -outform DER -out "$work/back.der"
same "$work/user.pem.der" "$work/back.der"

step "a wrong PIN"
refuse "PIN" env GNUTLS_PIN=999999 p11tool --provider "$MODULE" --login --test-sign "pkcs11:id=%01;type=private"

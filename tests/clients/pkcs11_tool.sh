#!/usr/bin/env bash
# OpenSC's pkcs11-tool: its own tests, lists, key generation, signatures, decryption, certificates, a wrong PIN.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
new_card
echo "to be signed" >"$work/data"

step "slots, token and mechanisms"
expect "$(token_label)" pkcs11-tool --module "$MODULE" --list-slots
for mechanism in RSA-PKCS-KEY-PAIR-GEN RSA-PKCS SHA256-RSA-PKCS SHA384-RSA-PKCS SHA512-RSA-PKCS RSA-PKCS-PSS \
    RSA-PKCS-OAEP ECDSA ECDSA-KEY-PAIR-GEN AES-GCM; do
    expect "  $mechanism," p11 --list-mechanisms >"$work/mechanisms"
done
cat "$work/mechanisms"

step "a wrong PIN"
refuse CKR_PIN_INCORRECT p11 --login --pin 999999 --list-objects

step "key pairs"
for key in rsa:2048=01 EC:secp384r1=02 rsa:2048=03 EC:prime256v1=04; do
    expect "Private Key Object" user --keypairgen --key-type "${key%=*}" --id "${key#*=}" --label "key ${key#*=}"
    public_key "${key#*=}" "$work/public-${key#*=}.pem"
done

step "RSA signatures that openssl verifies"
for hash in sha256 sha384 sha512; do
    user --sign --id 01 --mechanism "${hash^^}-RSA-PKCS" --input-file "$work/data" --output-file "$work/signature"
    expect "Verified OK" openssl dgst "-$hash" -verify "$work/public-01.pem" -signature "$work/signature" "$work/data"
    user --sign --id 01 --mechanism "${hash^^}-RSA-PKCS-PSS" --input-file "$work/data" --output-file "$work/signature"
    expect "Verified OK" openssl dgst "-$hash" -sigopt rsa_padding_mode:pss -verify "$work/public-01.pem" \
        -signature "$work/signature" "$work/data"
    expect "Signature is valid" user --verify --id 01 --mechanism "${hash^^}-RSA-PKCS-PSS" --input-file "$work/data" \
        --signature-file "$work/signature"
done

step "ECDSA signatures that openssl verifies; 02 wants the PIN for each"
openssl dgst -sha256 -binary "$work/data" >"$work/digest"
for id in 02 04; do
    user --sign --id "$id" --mechanism ECDSA --signature-format openssl --input-file "$work/digest" \
        --output-file "$work/signature"
    expect "Signature Verified Successfully" openssl pkeyutl -verify -pubin -inkey "$work/public-$id.pem" \
        -in "$work/digest" -sigfile "$work/signature"
done

step "decryption"
openssl pkeyutl -encrypt -pubin -inkey "$work/public-03.pem" -in "$work/data" -out "$work/sealed"
user --decrypt --id 03 --mechanism RSA-PKCS --input-file "$work/sealed" --output-file "$work/opened"
same "$work/data" "$work/opened"
openssl pkeyutl -encrypt -pubin -inkey "$work/public-03.pem" -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1 \
    -in "$work/data" -out "$work/sealed"
user --decrypt --id 03 --mechanism RSA-PKCS-OAEP --hash-algorithm SHA-1 --input-file "$work/sealed" \
    --output-file "$work/opened"
same "$work/data" "$work/opened"

step "a certificate"
new_authority
certify "$work/public-01.pem" "Card user" clientAuth "$work/user.pem"
expect "Certificate Object" user --write-object "$work/user.pem.der" --type cert --id 01 --label "user"
p11 --read-object --type cert --id 01 --output-file "$work/back.der"
same "$work/user.pem.der" "$work/back.der"

step "objects"
expect "Card user" p11 --list-objects --type cert
for id in 01 02 03 04; do
    expect "ID:         $id" user --list-objects --type privkey >"$work/list"
done
cat "$work/list"
if [[ $TOKEN == jeton ]]; then
    [[ $(grep -c "always authenticate" "$work/list") -eq 1 ]] || fail "not just one key always wants the PIN"
fi

# SoftHSMv2 has OAEP with SHA-1 alone, which this test does not accept.
if [[ $TOKEN == jeton ]]; then
    step "pkcs11-tool's own tests"
    expect "No errors" user --test
fi

#!/usr/bin/env bash
# What whole clients cost in APDUs, counted at the card, with the profiles piv and yubikey-piv: printed, and held to what
# was measured. A certificate object has at most 1,000 bytes.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/clients/sshd.sh
. "$(dirname "$0")/sshd.sh"
new_card
new_authority
for id in 01 03 04; do
    new_key rsa:2048 "$id"
    public_key "$id" "$work/public.pem"
    certify "$work/public.pem" "Card user $id" clientAuth "$work/user-$id.pem"
    user --write-object "$work/user-$id.pem.der" --type cert --id "$id"
    LABEL="Card user 01" # the first certificate gives the token its name
done
start_sshd
ssh-keygen -D "$MODULE" 2>/dev/null >"$user_keys" </dev/null
echo "$PIN" >"$work/pin"
echo data >"$work/data"

# The soft card as a card of the profile yubikey-piv.
mkdir -m 0700 "$work/profiles"
cat >"$work/profiles/as-yubikey.json" <<'JSON'
{ "schemaVersion": "1.0", "patch": "yubikey-piv", "match": [ { "historicalText": "jeton", "aid": "A000000308" } ] }
JSON
chmod 0600 "$work/profiles/as-yubikey.json"

# count PROFILE EXCHANGE LIMIT WHAT COMMAND...: runs the command and counts what its log says went to the card.
count() {
    local profile=$1 exchange=$2 limit=$3 what=$4 apdus
    shift 4
    rm -f "$work/apdus"
    printf '{"readers": {"access": "none"}, "softCards": {"exchange": "%s"}}' "$exchange" >"$work/jeton.json"
    local -a settings=(JETON_LOG="apdu:$work/apdus" JETON_CONFIG="$work/jeton.json")
    if [[ $profile == yubikey-piv ]]; then
        settings+=(JETON_PROFILES="$work/profiles")
    fi
    env "${settings[@]}" "$@" >"$work/output" 2>&1 </dev/null || fail "$*: $(cat "$work/output")"
    grep -q "profile $profile[ ,]" "$work/apdus" || fail "the card was not taken for one of the profile $profile"
    apdus=$(grep -c ' apdu: .* > ' "$work/apdus")
    printf '%-12s %-14s %3d APDUs: %s\n' "$profile" "$exchange" "$apdus" "$what"
    [[ $apdus -le $limit ]] || fail "$* took $apdus APDUs, more than $limit: $(grep ' apdu: ' "$work/apdus" | cut -c1-150)"
}

sign=(pkcs11-tool --module "$MODULE" --login --pin "$PIN" --sign --id 01 -m SHA256-RSA-PKCS
    --input-file "$work/data" --output-file "$work/signature")
list=(pkcs11-tool --module "$MODULE" -O)
login=(ssh -F "$work/ssh_config" -I "$MODULE" server true)
mkdir "$work/nss"
certutil -N -d "sql:$work/nss" --empty-password
modutil -force -dbdir "sql:$work/nss" -add jeton -libfile "$MODULE" >/dev/null
keys=(certutil -K -d "sql:$work/nss" -h "Card user 01" -f "$work/pin")

count piv extended-apdu 6 "pkcs11-tool --sign" "${sign[@]}"
count piv short-apdu 12 "pkcs11-tool --sign" "${sign[@]}"
count piv extended-apdu 12 "pkcs11-tool -O" "${list[@]}"
count piv short-apdu 26 "pkcs11-tool -O" "${list[@]}"
count piv extended-apdu 11 "ssh -I" "${login[@]}"
count piv short-apdu 19 "ssh -I" "${login[@]}"
count piv extended-apdu 10 "certutil -K" "${keys[@]}"
count piv short-apdu 16 "certutil -K" "${keys[@]}"
count yubikey-piv extended-apdu 7 "pkcs11-tool --sign" "${sign[@]}"
count yubikey-piv short-apdu 12 "pkcs11-tool --sign" "${sign[@]}"
count yubikey-piv extended-apdu 33 "ssh -I" "${login[@]}"
count yubikey-piv short-apdu 44 "ssh -I" "${login[@]}"
count yubikey-piv extended-apdu 31 "certutil -K" "${keys[@]}"
count yubikey-piv short-apdu 40 "certutil -K" "${keys[@]}"

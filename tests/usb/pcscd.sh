#!/usr/bin/env bash
# pcscd with libccid, a host that we did not write, drives the emulated reader on USB: pcscd.sh LEVEL MAX-MESSAGE.
# shellcheck source=tests/usb/pcscd_lib.sh
. "$(dirname "$0")/pcscd_lib.sh"
: "${1:?level}" "${2:?longest message}"

step "keys and certificates, by the module"
new_authority
for key in RSA:4096:01 RSA:2048:02 EC:prime256v1:04; do
    user --keypairgen --key-type "${key%:*}" --id "${key##*:}" >/dev/null
    public_key "${key##*:}" "$work/public-${key##*:}.pem"
    certify "$work/public-${key##*:}.pem" "key ${key##*:}" clientAuth "$work/${key##*:}.pem"
    user --write-object "$work/${key##*:}.pem.der" --type cert --id "${key##*:}" >/dev/null
done
echo "to be signed" >"$work/data"

# What follows runs on the emulated bus.
cat >"$work/on_the_bus.sh" <<'SCRIPT'
set -euo pipefail
. "$FUNCTIONS"
pcscd --foreground --debug --apdu --config "$work/reader.conf.d" >"$work/pcscd.log" 2>&1 &
pcscd=$!
trap 'kill $pcscd' EXIT
unset LD_PRELOAD # the others speak to pcscd, not to the bus
for _ in $(seq 200); do
    opensc-tool --reader 0 --atr >"$work/atr" 2>&1 && break
    sleep 0.05
done
step "the reader is found, its card powered"
expect "(S1-1) 00 00" opensc-tool --list-readers
expect "$atr" opensc-tool --reader 0 --atr
expect "Personal Identity Verification" opensc-tool --reader 0 --name

step "OpenSC's module reads the card"
opensc() { pkcs11-tool --module opensc-pkcs11.so "$@"; }
for id in 01 02 04; do
    opensc --read-object --type cert --id "$id" --output-file "$work/back.der"
    same "$work/$id.pem.der" "$work/back.der"
done

step "signatures"
opensc --login --pin "$PIN" --sign --id 02 --mechanism SHA256-RSA-PKCS --input-file "$work/data" \
    --output-file "$work/signature"
expect "Verified OK" openssl dgst -sha256 -verify "$work/public-02.pem" -signature "$work/signature" "$work/data"

step "a signature of 4096 bits: $form"
reader=$(opensc-tool --list-readers | sed -n 's/^0 *Yes *//p')
python3 "$raw_signature" "$form" "$reader" "$work/data" "$work/signature"
expect "Verified OK" openssl dgst -sha256 -verify "$work/public-01.pem" -signature "$work/signature" "$work/data"
SCRIPT
raw_signature="$(dirname "$0")/raw_signature.py"
form=chained
atr=3b:8b:81:31:fe:45:80:73:c0:21:c0:55:6a:65:74:6f:6e:7d
case $1 in
extended-apdu) form=extended ;;
tpdu-t0) atr=3b:0b:80:73:c0:21:c0:55:6a:65:74:6f:6e ;; # of a card that has T=0 alone
esac
export FUNCTIONS="$work/functions.sh" work PIN raw_signature form atr
declare -f step expect fail same >"$FUNCTIONS"

step "pcscd at level $1"
# libccid takes readers of its list alone: this is one for which it makes no exception.
umockdev-wrapper "$USB_MOCK" --card "$JETON_STATE_DIR/test.softcard" --level "$1" --max-message "$2" --id 04e6:5116 \
    -- bash "$work/on_the_bus.sh"

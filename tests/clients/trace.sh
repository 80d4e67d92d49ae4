#!/usr/bin/env bash
# A trace of everything that carries secrets, at each level of exchange: Wireshark's programs read it, and neither the file
# nor what it says when it is put together holds a PIN, a PUK, a management key or a private key.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
here=$(realpath "$(dirname "$0")")
PIN=7391k8
new_pin=52807146
puk=83R61947
management_key=A1B2C3D4E5F60718293A4B5C6D7E8F90A1C2E3F405162738
printf '%s' "$PIN" >"$work/pin"
printf '%s' "$puk" >"$work/puk"
printf '%s' "$management_key" >"$work/management-key"

# hex: its input without the line's end, in hexadecimal.
hex() { tr -d '\n' | od -An -v -tx1 | tr -d ' \n'; }

step "private keys to import"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -outform DER -out "$work/rsa.der" 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -outform DER -out "$work/ec.der" 2>/dev/null
/usr/bin/python3 - "$work" <<'PYTHON'
import sys
from pathlib import Path
from cryptography.hazmat.primitives.serialization import load_der_private_key
work = Path(sys.argv[1])
rsa = load_der_private_key((work / "rsa.der").read_bytes(), None).private_numbers()
ec = load_der_private_key((work / "ec.der").read_bytes(), None).private_numbers()
parts = {"p": rsa.p, "q": rsa.q, "d": rsa.d, "dmp1": rsa.dmp1, "dmq1": rsa.dmq1, "iqmp": rsa.iqmp, "scalar": ec.private_value}
(work / "keys").write_text("".join(f"{name} {value.to_bytes((value.bit_length() + 7) // 8, 'big').hex()}\n"
                                   for name, value in parts.items()))
PYTHON
{
    cat "$work/keys"
    printf 'PIN %s\nnew-PIN %s\nPUK %s\n' "$(hex <<<"$PIN")" "$(hex <<<"$new_pin")" "$(hex <<<"$puk")"
    echo "management-key $management_key"
} >"$work/secrets"

# What must be found: the beginning of the application's name, and a padded block for a signature, which no single short
# command holds.
head -c 1000 /dev/zero >"$work/data"
{
    echo "select a000000308"
    printf 'block 3031300d060960864801650304020105000420%s\n' "$(sha256sum "$work/data" | cut -c1-64)"
} >"$work/wanted"

# fields TRACE FIELD...: what tshark says.
fields() {
    local trace=$1
    shift
    tshark -r "$trace" -d "usbccid.subdissector,$inside" -T fields "${@/#/-e}" 2>/dev/null
}

# The instructions that tshark 4.0 has no name for (GET DATA as PIV has it among them) are told by number. Where no message
# holds a whole APDU, tshark has no name for any.
tells=("masked: 8 secret bytes" "GET DESCRIPTOR Response CONFIGURATION" "PC to Reader: ICC Power On")
apdus=("Select file" "Verify" 0xcb 0x24 0x2c 0xfe)

for exchange in extended-apdu short-apdu tpdu-t1 tpdu-t0; do
    step "$exchange"
    case $exchange in
        *-apdu | tpdu-t0) inside=iso7816 told=("${tells[@]}" "${apdus[@]}") ;;
        *) inside=data told=("${tells[@]}") ;;
    esac
    rm -rf "$JETON_STATE_DIR"
    mkdir -m 0700 "$JETON_STATE_DIR"
    "$JETON" softcard create test --applet piv --pin-file "$work/pin" --puk-file "$work/puk" --management-key-file "$work/management-key"
    slot=(--slot-description "jeton soft card test")
    printf '{"readers": {"access": "none"}, "softCards": {"exchange": "%s"}, "trace": "%s"}' "$exchange" "$work/$exchange.pcapng" >"$work/jeton.json"
    export JETON_CONFIG="$work/jeton.json"
    so() { p11 --login --login-type so --so-pin "$management_key" "$@"; }
    so --keypairgen --key-type rsa:2048 --id 01 >/dev/null
    so --write-object "$work/rsa.der" --type privkey --id 03 >/dev/null
    so --write-object "$work/ec.der" --type privkey --id 05 >/dev/null
    user --sign --id 01 -m SHA256-RSA-PKCS --input-file "$work/data" --output-file "$work/signature"
    public_key 03 "$work/public.pem"
    echo "a deciphered text" >"$work/plain"
    openssl pkeyutl -encrypt -pubin -inkey "$work/public.pem" -in "$work/plain" -out "$work/cipher"
    user --decrypt --id 03 -m RSA-PKCS --input-file "$work/cipher" --output-file "$work/decrypted"
    same "$work/plain" "$work/decrypted"
    user --change-pin --new-pin "$new_pin" >/dev/null
    p11 --login --login-type so --so-pin "$puk" --init-pin --new-pin "$PIN" >/dev/null
    unset JETON_CONFIG

    traces=("$work/$exchange"*.pcapng)
    [[ ${#traces[@]} -ge 8 ]] || fail "each of the programs should have a trace of its own"
    [[ $(stat -c %a "${traces[@]}" | sort -u) == 600 ]] || fail "somebody else may read a trace"
    { cat "$work/secrets"; printf 'text %s\n' "$(hex <"$work/plain")"; } >"$work/all-secrets"
    cat "${traces[@]}" >"$work/joined.pcapng" # sections in a row are a pcapng file
    /usr/bin/python3 "$here/trace_check.py" "$work/joined.pcapng" "$work/wanted" "$work/all-secrets"
    expect "USB packets with Linux header and padding" capinfos "$work/joined.pcapng"

    # tshark takes any answer that begins with 3B or 3F for an ATR: it is wrong about the rest of a public key now and then.
    malformed=$(tshark -r "$work/joined.pcapng" -d "usbccid.subdissector,$inside" -Y _ws.malformed 2>/dev/null | grep -v ' ATR, TA' || true)
    [[ -z $malformed ]] || fail "tshark finds malformed packets: $malformed"
    fields "$work/joined.pcapng" _ws.col.Info iso7816.apdu.ins frame.comment >"$work/told"
    for what in "${told[@]}"; do
        grep -q "$what" "$work/told" || fail "tshark does not tell $what: $(sort "$work/told" | uniq -c)"
    done

    step "$exchange: the trace is a reader with the same card"
    printf '{"softCards": {"exchange": "%s"}}' "$exchange" >"$work/jeton.json"
    JETON_CONFIG="$work/jeton.json" JETON_TRACE="$work/$exchange-list.pcapng" p11 --list-objects >"$work/objects"
    printf '{"softCards": {"enabled": false}, "readers": {"replay": ["%s"]}}' "$work/$exchange-list.pcapng" >"$work/replay.json"
    slot=(--slot-description "jeton replay $exchange-list.pcapng")
    JETON_CONFIG="$work/replay.json" p11 --list-objects >"$work/objects-replayed"
    same "$work/objects" "$work/objects-replayed"
done

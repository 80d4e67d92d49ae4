# shellcheck shell=bash
# What the client tests share; to be sourced. MODULE and JETON name the built module and command, as CTest sets them.
#
# Each test gets a directory $work of its own, a home and a state directory in it, and takes its servers down at its end.
# With TOKEN=softhsm the test runs against SoftHSMv2 instead, which tests the test.
set -euo pipefail

: "${MODULE:?the path of the module}" "${JETON:?the path of the jeton command}"
TOKEN=${TOKEN:-jeton}
PIN=123456
servers=()
work=$(mktemp -d "${TMPDIR:-/tmp}/jeton-client.XXXXXX")

# finish [STATUS]: ends everything; the default status is that of the last command.
finish() {
    local status=${1:-$?} pid
    for pid in "${servers[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    if [[ $status -ne 0 && -f "$work/log" ]]; then
        echo "--- the end of the module's log"
        grep -v ': profile ' "$work/log" | tail -n 40
    fi
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT

export HOME="$work/home" JETON_STATE_DIR="$work/state" JETON_LOG="info:$work/log"
export LC_ALL=C.UTF-8
unset JETON_CONFIG JETON_PROFILES JETON_TRACE XDG_CONFIG_HOME XDG_STATE_HOME SSH_AUTH_SOCK DISPLAY
mkdir -m 0700 "$HOME" "$JETON_STATE_DIR"
# Software cards alone, whatever readers the machine has.
mkdir -p "$HOME/.config/jeton"
echo '{"readers": {"access": "none"}}' >"$HOME/.config/jeton/jeton.json"

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# step WHAT: tells where we are.
step() { echo "== $*"; }

# expect TEXT COMMAND...: the command must succeed and print TEXT.
expect() {
    local text=$1 output status=0
    shift
    output=$("$@" 2>&1 </dev/null) || status=$?
    printf '%s\n' "$output"
    [[ $status -eq 0 ]] || fail "$* ended with $status"
    [[ "$output" == *"$text"* ]] || fail "$* did not print \"$text\""
}

# refuse TEXT COMMAND...: the command must fail, not by a signal, and print TEXT.
refuse() {
    local text=$1 output status=0
    shift
    output=$("$@" 2>&1 </dev/null) || status=$?
    printf '%s\n' "$output"
    [[ $status -ne 0 ]] || fail "$* succeeded"
    [[ $status -lt 128 || $status -eq 255 ]] || fail "$* was killed: $status" # ssh ends with 255
    [[ "$output" == *"$text"* ]] || fail "$* did not print \"$text\""
}

# same A B: two files must have the same content.
same() { cmp "$1" "$2" || fail "$1 and $2 differ"; }

# new_card: one card with the default PIN.
new_card() {
    if [[ $TOKEN == softhsm ]]; then
        MODULE=/usr/lib/softhsm/libsofthsm2.so
        mkdir "$work/tokens"
        echo "directories.tokendir = $work/tokens" >"$work/softhsm.conf"
        export SOFTHSM2_CONF="$work/softhsm.conf"
        softhsm2-util --init-token --free --label test --pin "$PIN" --so-pin 12345678
        slot=(--token-label test)
    else
        "$JETON" softcard create test --applet piv </dev/null
        slot=(--slot-description "jeton soft card test")
    fi
}

# token_label: the label of the card's token. It changes when a certificate is stored.
token_label() {
    if [[ $TOKEN == softhsm ]]; then
        echo test
    else
        "$JETON" list --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["label"])'
    fi
}

# p11 and user: pkcs11-tool on the card, without and with a login.
p11() { pkcs11-tool --module "$MODULE" "${slot[@]}" "$@"; }
user() { p11 --login --pin "$PIN" "$@"; }

# new_key TYPE ID: a key pair on the card.
new_key() { user --keypairgen --key-type "$1" --id "$2" --label "key $2" >/dev/null; }

# public_key ID FILE: the public key of a pair as PEM. (OpenSC 0.23 fails to write EC keys: p11tool does it.)
public_key() { GNUTLS_PIN=$PIN p11tool --provider "$MODULE" --login --export-pubkey "pkcs11:id=%$1;type=private" --outfile "$2"; }

# free_port: a TCP port that nobody listens on.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# wait_for_port PORT: until a server listens, 10 s at most.
wait_for_port() {
    local try
    for try in $(seq 100); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
            return
        fi
        sleep 0.1
    done
    fail "nobody listens on port $1 after $try tries"
}

# new_authority: a certificate authority in $work/ca.
new_authority() {
    mkdir "$work/ca"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/ca/key.pem" \
        -out "$work/ca/cert.pem" -days 3650 -subj "/CN=Test authority" -addext "basicConstraints=critical,CA:TRUE" \
        -addext "keyUsage=critical,keyCertSign,cRLSign" 2>/dev/null
}

# certify PUBLIC-KEY NAME USAGE FILE: a certificate of the authority for a public key, as PEM; FILE.der as DER.
certify() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$work/ca/request-key.pem"
    openssl req -new -key "$work/ca/request-key.pem" -subj "/CN=$2" -out "$work/ca/request.pem"
    printf 'keyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=%s\nsubjectAltName=DNS:localhost\n' "$3" >"$work/ca/extensions"
    openssl x509 -req -in "$work/ca/request.pem" -force_pubkey "$1" -CA "$work/ca/cert.pem" -CAkey "$work/ca/key.pem" \
        -set_serial "0x$(openssl rand -hex 8)" -days 365 -extfile "$work/ca/extensions" -out "$4" 2>/dev/null
    openssl x509 -in "$4" -outform DER -out "$4.der"
}

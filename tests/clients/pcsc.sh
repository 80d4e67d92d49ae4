# shellcheck shell=bash
# A pcscd of the test's own, with a software card in the virtual reader of vpcd; to be sourced in place of lib.sh.
#
# pcscd's socket and vpcd's ports are fixed, so the test runs in a mount and a network namespace in which nobody else sees
# them. That takes root, or a kernel that lets every user make namespaces.
if [[ -z "${JETON_TEST_NAMESPACE:-}" ]]; then
    export JETON_TEST_NAMESPACE=1
    as_root=()
    [[ $(id -u) -eq 0 ]] || as_root=(--map-root-user)
    exec unshare "${as_root[@]}" --mount --net "$0" "$@"
fi
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"

finish_pcsc() {
    local status=$? log
    for log in "$work/serve.log" "$work/pcscd.log"; do
        if [[ $status -ne 0 && -f $log ]]; then
            echo "--- the end of $log"
            tail -n 20 "$log"
        fi
    done
    finish "$status"
}
trap finish_pcsc EXIT

mount -t tmpfs -o mode=0755 tmpfs /run
mkdir /run/pcscd
python3 - <<'PYTHON'
import fcntl, socket, struct
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", IFF_UP))
PYTHON

export PATH="$PATH:/usr/sbin"
vpcd_port=35963
vpcd_driver=/usr/lib/pcsc/drivers/serial/libifdvpcd.so

# wait_until WHAT COMMAND...: until the command succeeds, 10 s at most.
wait_until() {
    local what=$1 end=$((SECONDS + 10))
    shift
    until "$@" >/dev/null 2>&1; do
        [[ $SECONDS -lt $end ]] || fail "$what: not in 10 s"
        sleep 0.05
    done
}

# vpcd_listens: looks without connecting, which vpcd would take for a card.
vpcd_listens() { grep -Eq "^ *[0-9]+: [0-9A-F]+:$(printf %04X "$vpcd_port") [0-9A-F:]+ 0A " /proc/net/tcp /proc/net/tcp6; }

# start_pcscd NAME: the daemon, with the virtual reader under this name.
start_pcscd() {
    [[ -f $vpcd_driver ]] || fail "the package vsmartcard-vpcd is not installed"
    mkdir "$work/reader.conf.d"
    printf 'FRIENDLYNAME "%s"\nDEVICENAME /dev/null:0x%X\nLIBPATH %s\nCHANNELID 0x%X\n' "$1" "$vpcd_port" \
        "$vpcd_driver" "$vpcd_port" >"$work/reader.conf.d/vpcd"
    setpriv --pdeathsig KILL pcscd --foreground --apdu --config "$work/reader.conf.d" >"$work/pcscd.log" 2>&1 &
    pcscd=$!
    servers+=("$pcscd")
    reader="$1 00 00"
    wait_until "pcscd listens" test -S /run/pcscd/pcscd.comm
    wait_until "vpcd listens" vpcd_listens
}

# has_card: whether pcscd has noticed a card in that reader.
has_card() { opensc-tool --reader "$reader" --atr; }
has_no_card() { ! has_card; }

# insert_card: the software card "test" in that reader; take_card: out again.
insert_card() {
    setpriv --pdeathsig KILL "$JETON" softcard serve test >"$work/serve.log" 2>&1 </dev/null &
    serve=$!
    servers+=("$serve")
    wait_until "the card is in the reader $reader" has_card
}

take_card() {
    local status=0
    kill "$serve"
    wait "$serve" || status=$?
    [[ $status -eq 0 ]] || fail "serve ended with $status: $(cat "$work/serve.log")"
    expect "The card was taken out" cat "$work/serve.log"
    wait_until "the reader $reader is empty" has_no_card
}

# through_pcscd: from now on the module goes through pcscd, and sees no software card but those in its readers.
through_pcscd() {
    echo '{"readers": {"access": "pcsc"}, "softCards": {"enabled": false}}' >"$HOME/.config/jeton/jeton.json"
}

# shellcheck shell=sh
# What the scenarios in the guest share; to be sourced by its busybox shell.
set -eu

MODULE=/jeton/libjeton-pkcs11.so
PIN=123456
export LC_ALL=C JETON_LOG=info:/out/log JETON_STATE_DIR=/root/none JETON_CONFIG=/root/jeton.json
echo '{"softCards": {"enabled": false}}' >"$JETON_CONFIG"

fail() {
    echo "FAILED: $*"
    echo "--- the end of the module's log"
    grep -v ': profile ' /out/log | tail -n 40
    dmesg | tail -n 20
    exit 1
}

# step WHAT: tells where we are, and when.
step() { echo "== $* ($(cut -d' ' -f1 /proc/uptime) s)"; }

# expect TEXT COMMAND...: the command must succeed and print TEXT.
expect() {
    text=$1
    shift
    "$@" >/tmp/output 2>&1 </dev/null || { cat /tmp/output; fail "$* failed"; }
    cat /tmp/output
    grep -qF -- "$text" /tmp/output || fail "$* did not print \"$text\""
}

# refuse TEXT COMMAND...: the command must fail and print TEXT.
refuse() {
    text=$1
    shift
    ! "$@" >/tmp/output 2>&1 </dev/null || { cat /tmp/output; fail "$* succeeded"; }
    cat /tmp/output
    grep -qF -- "$text" /tmp/output || fail "$* did not print \"$text\""
}

# await SECONDS COMMAND...: until the command succeeds.
await() {
    end=$(($(cut -d. -f1 /proc/uptime) + $1))
    shift
    until "$@"; do
        [ "$(cut -d. -f1 /proc/uptime)" -lt $end ] || fail "waited in vain for: $*"
        usleep 50000
    done
}
# has_card STATE: a reader has a card that is, for `jeton list`, present or unknown.
has_card() { jeton list --json | grep -q "\"card\": \"$1\""; }
plugged() { grep -qs 'Reader behind vhci' /sys/bus/usb/devices/*/product; }
unplugged() { ! plugged; }

# plug OPTION...: the card, in a reader behind vhci; $reader is the process that is it.
plug() {
    usbip_server --card /root/cards/test.softcard "$@" &
    reader=$!
    await 60 plugged
}

# unplug: takes it out again.
unplug() {
    kill "$reader"
    await 60 unplugged
}

p11() { pkcs11-tool --module "$MODULE" "$@"; }
user() { p11 --login --pin "$PIN" "$@"; }

#!/usr/bin/env bash
# The module has virtual readers of its own: Debian's virtual card connects to it and it to that, and a software card that the
# command serves signs in it.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"

"$JETON" softcard create test --applet piv </dev/null
slot=(--slot-description "jeton soft card test")
new_key rsa:2048 01
public_key 01 "$work/public.pem"
echo "to be signed" >"$work/data"
port=$(free_port)

# readers TEXT...: the module's virtual readers; it sees no software card of its own.
readers() {
    printf '%s\n' "$@" | python3 -c 'import json, sys; json.dump({"readers": {"access": "none", "vpcd": sys.stdin.read().splitlines()},
                                     "softCards": {"enabled": False}}, sys.stdout)' >"$HOME/.config/jeton/jeton.json"
}

# watch DESCRIPTION STEP...: slot_watch.py in the background. seen STATE: waits until it has come so far; end_watch: to its end.
watch() {
    : >"$work/seen"
    /usr/bin/python3 "$(dirname "$0")/slot_watch.py" "$MODULE" "$@" >"$work/seen" 2>&1 &
    watcher=$!
    servers+=("$watcher")
}
seen() {
    until grep -q "^$1" "$work/seen"; do
        kill -0 "$watcher" 2>/dev/null || fail "not $1: $(cat "$work/seen")"
        sleep 0.05
    done
}
end_watch() { wait "$watcher" || fail "$(cat "$work/seen")"; }

# Debian's package has its modules below a directory that Python does not look in, and wants its cryptography by an old name.
mkdir "$work/python"
ln -s /usr/lib/python3/dist-packages/Cryptodome "$work/python/Crypto"
vicc() { PYTHONPATH="$work/python:/usr/lib/python3/site-packages/virtualsmartcard" setpriv --pdeathsig KILL /usr/bin/python3 /usr/bin/vicc --type iso7816 "$@"; }
vicc_atr=3B951381018073FF01000B

step "Debian's virtual card waits, and the module goes to it"
readers "connect 127.0.0.1:$port"
vicc --reversed --port "$port" >"$work/vicc.log" 2>&1 </dev/null &
servers+=($!)
/usr/bin/python3 "$(dirname "$0")/slot_watch.py" "$MODULE" "vpcd connect 127.0.0.1:$port" present
expect "$vicc_atr" grep "a card came from 127.0.0.1:$port" "$work/log"
expect "vpcd connect 127.0.0.1:$port" "$JETON" list
kill "${servers[-1]}"

step "Debian's virtual card comes to the module, which takes it, and notices when it leaves"
port=$(free_port)
readers "listen $port"
: >"$work/log"
watch "vpcd listen 127.0.0.1:$port" absent present absent
seen absent
vicc --port "$port" >"$work/vicc.log" 2>&1 </dev/null &
card=$!
servers+=("$card")
seen present
expect "$vicc_atr" grep "a card came from" "$work/log"
kill "$card"
end_watch

step "a place that is taken is told in the log, and nothing else suffers"
: >"$work/log"
port=$(free_port)
python3 -c 'import socket, sys, time
with socket.create_server(("127.0.0.1", int(sys.argv[1]))): time.sleep(60)' "$port" &
servers+=($!)
wait_for_port "$port"
readers "listen $port" "connect 127.0.0.1:1"
expect "vpcd connect 127.0.0.1:1" "$JETON" list
expect "the virtual reader \"listen 127.0.0.1:$port\" is left out" grep "left out" "$work/log"

step "a software card that the command serves signs in the module's virtual reader"
port=$(free_port)
readers "listen $port"
watch "vpcd listen 127.0.0.1:$port" absent present "sign $PIN 01 $work/data $work/signature" absent
seen absent
"$JETON" softcard serve test --vpcd "127.0.0.1:$port" >"$work/serve.log" 2>&1 </dev/null &
serve=$!
servers+=("$serve")
seen sign
expect "Verified OK" openssl dgst -sha256 -verify "$work/public.pem" -signature "$work/signature" "$work/data"
kill "$serve"
end_watch

step "the same through pkcs11-tool"
card_port=$(free_port)
port=$(free_port)
/usr/bin/python3 "$(dirname "$0")/vpcd_bridge.py" "$card_port" "$port" &
servers+=($!)
until grep -q "$(printf ':%04X .* 0A ' "$card_port")" /proc/net/tcp; do sleep 0.05; done
"$JETON" softcard serve test --vpcd "127.0.0.1:$card_port" >"$work/serve.log" 2>&1 </dev/null &
servers+=($!)
readers "connect 127.0.0.1:$port"
slot=(--slot-description "vpcd connect 127.0.0.1:$port")
user --sign --id 01 --mechanism SHA256-RSA-PKCS --input-file "$work/data" --output-file "$work/signature"
expect "Verified OK" openssl dgst -sha256 -verify "$work/public.pem" -signature "$work/signature" "$work/data"
refuse CKR_PIN_INCORRECT p11 --login --pin 999999 --list-objects

# shellcheck shell=bash
# A pcscd of the test's own on the emulated bus, with a software card to put there; to be sourced in place of lib.sh.
# In a mount namespace of its own, for pcscd's socket has a fixed place.
if [[ -z "${JETON_TEST_NAMESPACE:-}" ]]; then
    export JETON_TEST_NAMESPACE=1
    as_root=()
    [[ $(id -u) -eq 0 ]] || as_root=(--map-root-user)
    exec unshare "${as_root[@]}" --mount "$0" "$@"
fi
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../clients/lib.sh"
: "${USB_MOCK:?the program usb_mock}"

finish_pcscd() {
    local status=$?
    if [[ $status -ne 0 && -f "$work/pcscd.log" ]]; then
        echo "--- the end of pcscd's log"
        tail -n 60 "$work/pcscd.log"
    fi
    finish "$status"
}
trap finish_pcscd EXIT

mount -t tmpfs -o mode=0755 tmpfs /run
mkdir /run/pcscd "$work/reader.conf.d"
export PATH="$PATH:/usr/sbin"
"$JETON" softcard create test --applet piv </dev/null
slot=(--slot-description "jeton soft card test")

#!/usr/bin/env bash
# guest.sh SCENARIO SECONDS: boots Debian's kernel in QEMU with what was built, runs the script SCENARIO.sh
# of this directory in it, and ends as that did; a guest that takes longer than SECONDS has failed. SCENARIO.options are more
# options of QEMU, in which @WORK@ is our directory; SCENARIO.prepare DIRECTORY makes files for those there; SCENARIO.host is a
# program that runs beside it; SCENARIO.check looks at what it left.
#
# MODULE, JETON, HELPERS (a directory) and KERNEL (see kernel.sh) are paths, as CTest sets them. What the scenario leaves
# in /out is in $OUT afterwards, by default a directory that goes with us.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
scenario=$1
seconds=$2
: "${MODULE:?}" "${JETON:?}" "${HELPERS:?}" "${KERNEL:?}"
work=$(mktemp -d "${TMPDIR:-/tmp}/jeton-guest.XXXXXX")
host=
trap '[[ -z "$host" ]] || kill "$host"; rm -rf "$work"' EXIT
out=${OUT:-$work/out}
root=$work/root
mkdir -p "$out" "$root"/{bin,dev,proc,sys,tmp,run,out,lib64,etc,root/cards,modules,jeton}
rm -f "$out/verdict"

programs=("$JETON" "$HELPERS/usbip_server" "$HELPERS/guest_client" /usr/bin/pkcs11-tool /usr/bin/dumpcap)
cp -L "${programs[@]}" "$root/bin/"
cp /usr/bin/busybox "$root/bin/"
cp "$MODULE" "$root/jeton/"
cp "$here/$scenario.sh" "$here/guest_lib.sh" "$root/"
cp "$KERNEL"/modules/* "$root/modules/"
cp "$here/init" "$root/init"
chmod +x "$root/init"
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"

"$here/card.sh" "$root/root/cards"

# The libraries, at the paths at which they are looked for. pthread_exit loads libgcc_s.
{
    ldd "${programs[@]}" "$MODULE" | sed -n 's/^.*=> \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p'
    ldconfig -p | sed -n 's/^.*libgcc_s\.so\.1 .*=> \(.*x86_64.*\)$/\1/p'
} | sort -u | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done
(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) >"$work/initramfs"

[[ ! -x "$here/$scenario.prepare" ]] || "$here/$scenario.prepare" "$work"
options=()
if [[ -f "$here/$scenario.options" ]]; then
    read -r -a options -d '' < <(sed "s|@WORK@|$work|g" "$here/$scenario.options") || true
fi
if [[ -x "$here/$scenario.host" ]]; then
    WORK=$work OUT=$out CARDS=$root/root/cards "$here/$scenario.host" &
    host=$!
fi

status=0
timeout --kill-after=5 "$seconds" qemu-system-x86_64 -accel tcg -cpu max -machine q35 -smp 2 -m 512 -nographic -no-reboot \
    -nodefaults -serial stdio -kernel "$KERNEL/vmlinuz" -initrd "$work/initramfs" \
    -append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr audit=0 scenario=$scenario" \
    -virtfs "local,path=$out,mount_tag=out,security_model=none" -device qemu-xhci,id=xhci "${options[@]}" </dev/null ||
    status=$?
if [[ $status -ne 0 ]]; then
    echo "FAILED: QEMU ended with $status" >&2
    exit 1
fi
if [[ "$(cat "$out/verdict" 2>/dev/null)" != 0 ]]; then
    echo "FAILED: the guest's verdict is \"$(cat "$out/verdict" 2>/dev/null)\"" >&2
    exit 1
fi
if [[ -x "$here/$scenario.check" ]]; then
    "$here/$scenario.check" "$out"
fi

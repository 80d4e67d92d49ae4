#!/usr/bin/env bash
# kernel.sh DIRECTORY: puts Debian's kernel and the modules that the guest needs into DIRECTORY, unless they are there.
# Nothing is installed: the package is downloaded and unpacked. (The kernel for clouds has no USB.)
set -euo pipefail
directory=${1:?where to}
if [[ -f "$directory/complete" ]]; then
    echo "there already: $(cat "$directory/complete")"
    exit 0
fi

rm -rf "$directory"
mkdir -p "$directory"
cd "$directory"

# fetch: the real package behind linux-image-amd64, as a file here.
fetch() {
    package=$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: *\(linux-image-[0-9][^ ]*\)$/\1/p' | head -1)
    [[ -n "$package" ]] && apt-get download -q "$package"
}
if ! fetch; then
    as_root=()
    [[ $(id -u) -eq 0 ]] || as_root=(sudo)
    "${as_root[@]}" apt-get update -q
    fetch
fi

dpkg-deb --fsys-tarfile "$package"_*.deb | tar -x --wildcards --strip-components=1 './boot/vmlinuz*' \
    './lib/modules/*/kernel/drivers/usb/*' './lib/modules/*/kernel/drivers/virtio/*' './lib/modules/*/kernel/fs/*' \
    './lib/modules/*/kernel/net/9p/*'
rm -- "$package"_*.deb
mv boot/vmlinuz-* vmlinuz
mkdir modules
for module in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci netfs fscache 9pnet 9pnet_virtio 9p \
    usb-common usbcore xhci-hcd xhci-pci usbip-core vhci-hcd usbmon; do
    mv "$(find lib -name "$module.ko")" modules/
    echo "$module" >>modules/order
done
rm -rf boot lib
echo "$package" >complete
echo "unpacked $package"

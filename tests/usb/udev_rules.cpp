// udev_rules: prints the udev rules. packaging/udev/70-jeton.rules is what it prints, which a test checks.
#include <fmt/core.h>

#include "reader/quirks.hpp"

int main() {
    fmt::print(
        "# Card readers may be used by the user at the seat, and by the group scard from anywhere; see "
        "docs/usb.md.\n"
        "# Made by the program udev_rules from the table in src/reader/quirks.cpp.\n"
        "ACTION==\"remove\", GOTO=\"jeton_end\"\n"
        "SUBSYSTEM!=\"usb\", GOTO=\"jeton_end\"\n"
        "ENV{{DEVTYPE}}!=\"usb_device\", GOTO=\"jeton_end\"\n"
        "\n"
        "# By interface class: 0B, smart card. ID_USB_INTERFACES is \":0b0000:030101:\".\n"
        "ENV{{ID_USB_INTERFACES}}==\"\", IMPORT{{builtin}}=\"usb_id\"\n"
        "ENV{{ID_USB_INTERFACES}}==\"*:0b????:*\", ENV{{JETON_READER}}=\"1\"\n"
        "\n"
        "# Readers older than the class.\n");
    std::uint32_t last = 0;
    for (const jeton::reader::QuirkRow& row : jeton::reader::quirk_rows()) {
        const std::uint32_t id = std::uint32_t{row.vendor} << 16 | row.product;
        if (row.quirks.pre_standard && id != last) {
            fmt::print(
                "ATTR{{idVendor}}==\"{:04x}\", ATTR{{idProduct}}==\"{:04x}\", ENV{{JETON_READER}}=\"1\"\n",
                row.vendor, row.product);
            last = id;
        }
    }
    fmt::print(
        "\n"
        "# A reader that lost its power while the machine slept comes back as a new one.\n"
        "ENV{{JETON_READER}}==\"1\", TAG+=\"uaccess\", GROUP=\"scard\", MODE=\"0660\"\n"
        "ENV{{JETON_READER}}==\"1\", TEST==\"power/persist\", ATTR{{power/persist}}=\"0\"\n"
        "\n"
        "LABEL=\"jeton_end\"\n");
    return 0;
}

#!/usr/bin/env python3
"""check-layers must find each planted violation, and must let through what only looks like one."""

import subprocess
import sys
import tempfile
from pathlib import Path

CHECKER = Path(__file__).resolve().parents[2] / "scripts" / "check-layers"

# What is planted: files with their content; and a part of the complaint, or None where there must be none.
ROWS = [
    ("clean", {"util/a.hpp": '#include <vector>\n', "reader/b.cpp": '#include "util/a.hpp"\n'}, None),
    ("upwards", {"util/a.cpp": '#include "reader/b.hpp"\n'}, 'src/util/a.cpp:1: includes "reader/b.hpp"'),
    ("indented include", {"reader/a.cpp": '\n  #  include "card/b.hpp"\n'}, "src/reader/a.cpp:2:"),
    ("softcard and card", {"softcard/a.cpp": '#include "card/b.hpp"\n'}, "softcard may use"),
    ("softcard and the seam", {"softcard/a.cpp": '#include "reader/simulated_card.hpp"\n'}, None),
    ("softcard and a reader", {"softcard/a.cpp": '#include "reader/reader.hpp"\n'}, "softcard may use"),
    ("reader and crypto", {"reader/a.cpp": '#include "crypto/b.hpp"\n'}, "reader may use"),
    ("tool from below", {"pkcs11/a.cpp": '#include "tool/b.hpp"\n'}, "pkcs11 may use"),
    ("unknown layer", {"gadget/a.cpp": ""}, "src/gadget is not one of the layers"),
    ("unknown include", {"util/a.cpp": '#include "gadget/b.hpp"\n'}, "which is in no layer"),
    ("OpenSSL", {"card/a.cpp": "#include <openssl/evp.h>\n"}, "OpenSSL only in src/crypto"),
    ("OpenSSL at home", {"crypto/a.cpp": "#include <openssl/evp.h>\n"}, None),
    ("libusb", {"reader/ccid.cpp": "#include <libusb-1.0/libusb.h>\n"}, "libusb only"),
    ("libusb at home", {"reader/usb_device.cpp": "#include <libusb.h>\n"}, None),
    ("JSON", {"card/a.cpp": "#include <nlohmann/json.hpp>\n"}, "only through util/json.hpp"),
    ("zlib", {"card/a.cpp": "#include <zlib.h>\n"}, "zlib only"),
    ("CLI11", {"pkcs11/a.cpp": "#include <CLI/CLI.hpp>\n"}, "CLI11 only"),
    ("test framework", {"util/a.cpp": "#include <gtest/gtest.h>\n"}, "no test framework"),
    ("PKCS#11 header", {"card/a.cpp": '#include "pkcs11.h"\n'}, "the PKCS#11 header only"),
    ("CK_RV", {"card/a.cpp": "CK_RV answer;\n"}, "src/card/a.cpp:1: CK_RV"),
    ("CKR_OK", {"crypto/a.cpp": "int x = 1'000;\nreturn CKR_OK;\n"}, "src/crypto/a.cpp:2: CKR_OK"),
    ("C_Sign", {"reader/a.cpp": "/* C_Sign */\nC_Sign();\n"}, "src/reader/a.cpp:2: C_Sign"),
    ("names in comments", {"card/a.cpp": '// CKA_ID\n/* CK_RV\n C_Sign */ auto text = "CKM_RSA_PKCS";\n'}, None),
    ("names at home", {"pkcs11/a.cpp": "CK_RV answer = C_Sign();\n"}, None),
    ("names that only begin alike", {"card/a.cpp": "int BACK_OFF, C_x, CKX;\n"}, None),
    ("vendor in code", {"card/a.cpp": "int yubikey;\n"}, "yubikey: names of vendors"),
    ("vendor in a comment", {"reader/a.hpp": "// for Gemalto readers\n"}, "Gemalto: names of vendors"),
    ("vendor in the vocabulary", {"card/a.cpp": 'auto x = SerialSource::yubikey_f8; auto y = "yubikey-f8";\n'}, None),
    ("vendor in the quirk table", {"reader/quirks.cpp": '"Gemalto"\n'}, None),
    ("cycle", {"util/a.hpp": '#include "util/b.hpp"\n', "util/b.hpp": '#include "c.hpp"\n',
               "util/c.hpp": '#include "util/a.hpp"\n'}, "include cycle: util/a.hpp -> util/b.hpp -> util/c.hpp"),
    ("diamond", {"util/a.hpp": '#include "util/b.hpp"\n#include "util/c.hpp"\n', "util/b.hpp": '#include "util/d.hpp"\n',
                 "util/c.hpp": '#include "util/d.hpp"\n', "util/d.hpp": ""}, None),
    ("no sources", {}, "no source files"),
]


def run(files):
    with tempfile.TemporaryDirectory(prefix="jeton-layers.") as root:
        (Path(root) / "src").mkdir()
        for name, content in files.items():
            path = Path(root) / "src" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return subprocess.run([CHECKER, root], capture_output=True, text=True, check=False)


def main():
    wrong = 0
    for name, files, complaint in ROWS:
        result = run(files)
        as_expected = result.returncode == 0 if complaint is None else (
            result.returncode == 1 and complaint in result.stdout)
        if not as_expected:
            wrong += 1
            print(f"{name}: expected {complaint or 'no complaint'}, got {result.returncode}: {result.stdout}{result.stderr}")
    long_file = run({"util/a.cpp": "\n" * 401})
    if long_file.returncode != 0 or "warning: src/util/a.cpp: 401 lines" not in long_file.stdout:
        wrong += 1
        print(f"long file: {long_file.stdout}")
    print(f"{len(ROWS) + 1} cases, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""make_softcard_seeds.py: writes the seeds of fuzz_softcard that are sessions with the OpenPGP application.

Each row is a name and its steps, in the form that fuzz_softcard.cpp explains: RESTART, PW1, PW3, or a command in hex.
"""

from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "corpus" / "softcard"
OPENPGP_SESSION = b"\x02"
RESTART, PW1, PW3 = 0, 1, 2


def tlv(tag, content):
    length = f"{len(content) // 2:02X}" if len(content) < 0x100 else f"81{len(content) // 2:02X}"
    return tag + length + content


def get(*tags):
    return [f"00CA{tag}00" for tag in tags]


def put(tag, content):
    return tlv(f"00DA{tag}", content)


def bring(control, lengths, values):
    """A key that PUT DATA brings."""
    return tlv("00DB3FFF", tlv("4D", control + "00" + tlv("7F48", lengths) + tlv("5F48", values)))


def agree(point):
    return tlv("002A8086", tlv("A6", tlv("7F49", tlv("86", point)))) + "00"


KDF = "810103" "820108" "830403E00000" "84081111111111111111" "86083333333333333333" \
    + tlv("87", "A1" * 32) + tlv("88", "A3" * 32)
SEED = "0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20"
# RSA of 1024 bits: two primes.
PRIME_P = "D7BCA982E5BF9A625FD5F38D25E8CA7A5D43E6022B351CF1A72BF744D5E5AAD1" \
    "FDFFD9545CF7D7A2F9506ABEDD7953E705A0F25BAE4A3366A97435D3D36FB603"
PRIME_Q = "C2939187D9CB04736BAECDC9A51C08E7D93FA5D7F90E5F25FA82384E70199868" \
    "F389FBEE43A6090E93D18E83CCF52EA6B8624E590152C6AB0DDC1A89DF495127"

SESSIONS = {
    "read": get("004F", "005E", "5F50", "5F52", "0065", "006E", "0073", "007A", "00C0", "00C1", "00C4", "00C5", "00CD", "00DE",
                "00F9", "00FA", "7F66", "7F74", "7F21", "0101", "0103", "0104", "00C7", "00D5", "FFFF"),
    "certificates": [PW3, "00A501040660045C027F21", put("7F21", "3000"), *get("7F21"), "00CC7F2100", "00CC7F2100",
                     "00A503040660045C027F21", "00CC006500"],
    "write": [PW1, PW3, put("0101", "61"), put("0103", "63"), put("0104", "64"), put("005B", "4164613C3C"), put("5F2D", "6465"),
              put("5F2D", "64"), put("5F35", "32"), put("5F35", "33"), put("5F50", "6162"), put("005E", "616461"),
              put("00C7", "11" * 20), put("00CE", "00000001"), put("00C4", "01"), put("00C4", "02"), put("00D6", "0220"),
              put("00D6", "0020"), put("00D6", "0320"), put("00FA", "00"), *get("0103", "0104", "006E")],
    "attributes": [PW3, put("00C1", "010800002000"), put("00C1", "132A8648CE3D030107FF"), put("00C1", "13"), put("00C1", "1300"),
                   put("00C1", "010801002000"), put("00C2", "122B81040022"), put("00C3", "162B06010401DA470F01"),
                   put("00C3", "122B656E"), "00478000" "02" "B600" "00", "00478000" "02" "A400" "00"],
    "passwords": [PW1, "00200081", "00200082", "0020FF81", "0020FF81023132", "0020008106313131313131", "00200083", "00200084",
                  "002400810C313233343536363534333231", "00240081023132", "0024008310" "3132333435363738" "3837363534333231",
                  "002C00810631323334353637", PW3, "002C028106313233343536", put("00D3", "3132333435363738"),
                  "002C00810E3132333435363738313233343536", "002C00810E3132333435363739313233343536", put("00D3", ""),
                  "00DA00D3", "002C0081023132", "002C01810131", "002C00830131"],
    "kdf": [PW3, put("00F9", KDF), tlv("00200081", "A1" * 32), tlv("00200083", "A3" * 32), put("00F9", "810100"), PW1, PW3,
            put("00F9", "810103820109"), put("00F9", KDF + "890100"), put("00F9", KDF[:-2])],
    "sign": [PW1, "002A9E9A0401020304" "00", "002A9E9A0401020304" "00", PW3, put("00C4", "01"), PW1, "002A9E9A0401020304" "00",
             "002A9E9A0401020304" "00", "00880000" "20" + SEED + "00", "008800000000", "002A9E9B0101", *get("0093", "007A")],
    "decipher": [PW1, agree("09" + "00" * 31), agree("4009" + "00" * 31), agree("00" * 32), "002A808603A60100", "002A80860100",
                 PW3, put("00C2", "122A8648CE3D030107"), "00478000" "02" "B800" "00", agree("04" + "11" * 64)],
    "aes": [PW1, PW3, "002A868010" + "00" * 16, put("00D5", "00" * 16), "002A868010" + "00" * 16, "002A808611" "02" + "00" * 16,
            "002A868001" "00", put("00D5", "00" * 15), "00DA00D5"],
    "environment": [PW1, "002241B803830103", "002241A403830102", agree("09" + "00" * 31), "0088000001" "00" "00",
                    "002241B803830104", "002241B603830102"],
    "generate": [PW3, "00478000" "02" "B600" "00", "00478000" "05" "A403840103" "00", "00478100" "02" "B800" "00",
                 "00478100" "02" "B900", "00478000" "05" "A403840101", "00478200" "02" "B600"],
    "import": [PW3, bring("B6", "9220", SEED), bring("B8", "9220", SEED), bring("A4", "9220", SEED), bring("A4", "922199" "01",
               SEED + "0004"), bring("B6", "92209281", SEED), bring("B6", "92822000", SEED), bring("B7", "9220", SEED),
               "00DB3FFF024D00", "00DB3FFF0100", "00DB3FFE0100", put("00C1", "010400002000"),
               bring("B6", "910492409340", "00010001" + PRIME_P + PRIME_Q), bring("B6", "9220", SEED)],
    "touch": [PW1, PW3, put("00D6", "0120"), "002A9E9A0401020304" "00"],
    "challenge": ["0084000008", "0084000100", "00840000000401", "00C0000000"],
    "life": [PW1, "00440000", "00E60000", PW3, "00E60000", *get("006E"), RESTART, "00440000", RESTART, PW1, PW3],
    "blocked": ["0020008106313131313131"] * 4 + ["00200083083131313131313131"] * 4 + ["00200081", "00200083", "00E60000", "00440000"],
    "change-of-application": [PW1, "00A4040005A000000308", "00CB3FFF055C035FC10200", "00A4040005D276000124", "00200081",
                              "00A4040006A00000000101", "00A40000023F00"],
    "chain": [PW3, "10DA005E0161", "00DA005E0162", *get("005E"), "00CA00FA10", "00C0000000"],
}


def step(what):
    if isinstance(what, int):
        return bytes([what])
    command = bytes.fromhex(what)
    return (bytes([len(command)]) if 3 < len(command) < 0x100 else b"\x03" + len(command).to_bytes(2, "big")) + command


for name, steps in SESSIONS.items():
    (CORPUS / f"openpgp-{name}").write_bytes(OPENPGP_SESSION + b"".join(map(step, steps)))

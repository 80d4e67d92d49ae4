#include "crypto/certificate.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "crypto/vectors.hpp"

namespace jeton::crypto {

namespace {

std::string kind_of(const Certificate& certificate) {
    if (!certificate.key) {
        return "unknown";
    }
    if (const auto* ec = std::get_if<EcPublicKey>(&*certificate.key)) {
        return std::string(curve_facts(ec->curve).name);
    }
    const auto* okp = std::get_if<OkpPublicKey>(&*certificate.key);
    return okp == nullptr ? "rsa" : std::string(okp_facts(okp->curve).name);
}

TEST(Certificate, is_read_as_the_openssl_command_reads_it) {
    for (const test::Record& record : test::read_vectors("certificates.txt")) {
        SCOPED_TRACE(record.text("name"));
        const auto certificate = parse_certificate(record.bytes("der"));
        ASSERT_TRUE(certificate);
        EXPECT_EQ(certificate->der, record.bytes("der"));
        EXPECT_EQ(kind_of(*certificate), record.text("key"));
        EXPECT_EQ(certificate->common_name, record.text("common_name"));
        EXPECT_EQ(to_hex(certificate->serial_number), "0214" + record.text("serial_number"));
        EXPECT_EQ(certificate->not_before, record.text("not_before"));
        EXPECT_EQ(certificate->not_after, record.text("not_after"));
        EXPECT_EQ(to_hex(certificate->public_key_info), to_hex(record.bytes("public_key_info")));
        EXPECT_EQ(certificate->is_authority, record.text("authority") == "yes");
        EXPECT_EQ(certificate->subject, certificate->issuer);
        if (certificate->key) {
            EXPECT_EQ(spki(*certificate->key), certificate->public_key_info);
        }
    }
}

TEST(Certificate, ends_where_its_length_says) {
    const Bytes der = test::read_vectors("certificates.txt").front().bytes("der");
    Bytes longer = der;
    append(longer, view_of("what a card's file has behind it"));
    const auto certificate = parse_certificate(longer);
    ASSERT_TRUE(certificate);
    EXPECT_EQ(certificate->der, der);
}

TEST(Certificate, gives_the_name_as_der) {
    const auto records = test::read_vectors("certificates.txt");
    const auto with_name = std::find_if(records.begin(), records.end(), [](const test::Record& r) {
        return r.text("common_name") == "Five";
    });
    ASSERT_NE(with_name, records.end());
    const auto certificate = parse_certificate(with_name->bytes("der"));
    ASSERT_TRUE(certificate);
    EXPECT_EQ(to_hex(certificate->subject), "300F310D300B06035504030C0446697665");
}

TEST(Certificate, cut_anywhere_is_refused) {
    for (const test::Record& record : test::read_vectors("certificates.txt")) {
        const Bytes der = record.bytes("der");
        for (std::size_t length = 0; length < der.size(); ++length) {
            const Bytes cut(der.begin(), der.begin() + static_cast<std::ptrdiff_t>(length));
            EXPECT_FALSE(parse_certificate(cut)) << record.text("name") << " cut to " << length;
        }
    }
}

TEST(Certificate, with_any_byte_changed_is_read_or_refused_and_never_misread) {
    const Bytes der = test::read_vectors("certificates.txt").at(1).bytes("der");
    for (std::size_t i = 0; i < der.size(); ++i) {
        for (const Byte change : Bytes{0x01, 0x20, 0x80, 0xFF}) {
            Bytes changed = der;
            changed[i] ^= change;
            const auto certificate = parse_certificate(changed);
            if (certificate) {
                EXPECT_EQ(certificate->der,
                          Bytes(changed.begin(),
                                changed.begin() + static_cast<std::ptrdiff_t>(certificate->der.size())));
                EXPECT_TRUE(!certificate->key || is_valid(*certificate->key));
            }
        }
    }
}

TEST(Certificate, of_other_bytes_is_refused) {
    for (const char* text :
         {"", "30", "3000", "3080", "0400", "3003020100", "30820400", "3084FFFFFFFF", "30800000"}) {
        EXPECT_FALSE(parse_certificate(from_hex(text).value())) << text;
    }
    EXPECT_FALSE(parse_certificate(Bytes(3 * 1024 * 1024, 0x30)));
}

}  // namespace

}  // namespace jeton::crypto

#include "softcard/sealing.hpp"

#include <gtest/gtest.h>

#include "softcard/card_json.hpp"
#include "softcard/card_under_test.hpp"
#include "util/json.hpp"

namespace jeton::softcard {
namespace {

constexpr unsigned iterations = 3;

Bytes text(std::string_view value) {
    return to_bytes(view_of(value));
}

TEST(SealingKey, IsUnwrappedByThePinThatWrappedIt) {
    const SealingKey key = SealingKey::generate();
    const Wrapped wrapped = key.wrap(0x80, view_of("123456"), iterations);
    const auto again = SealingKey::unwrap(wrapped, 0x80, view_of("123456"), key.public_key());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->public_key(), key.public_key());
    const Bytes box = seal(key.public_key(), view_of("secret"), view_of("about it"));
    EXPECT_TRUE(equal(again->open(box, view_of("about it")).value(), view_of("secret")));
}

TEST(SealingKey, IsUnwrappedByNothingElse) {
    const SealingKey key = SealingKey::generate();
    const Bytes other = SealingKey::generate().public_key();
    const Wrapped wrapped = key.wrap(0x80, view_of("123456"), iterations);
    EXPECT_FALSE(SealingKey::unwrap(wrapped, 0x80, view_of("123457"), key.public_key()));
    EXPECT_FALSE(SealingKey::unwrap(wrapped, 0x80, {}, key.public_key()));
    EXPECT_FALSE(SealingKey::unwrap(wrapped, 0x81, view_of("123456"), key.public_key()));
    EXPECT_FALSE(SealingKey::unwrap(wrapped, 0x80, view_of("123456"), other));
    for (std::size_t i = 0; i < wrapped.box.size(); ++i) {
        Wrapped changed = wrapped;
        changed.box[i] ^= 0x01;
        EXPECT_FALSE(SealingKey::unwrap(changed, 0x80, view_of("123456"), key.public_key())) << i;
    }
    Wrapped changed = wrapped;
    changed.salt[3] ^= 0x01;
    EXPECT_FALSE(SealingKey::unwrap(changed, 0x80, view_of("123456"), key.public_key()));
    changed = wrapped;
    ++changed.iterations;
    EXPECT_FALSE(SealingKey::unwrap(changed, 0x80, view_of("123456"), key.public_key()));
}

TEST(SealingKey, IsWrappedDifferentlyEachTime) {
    const SealingKey key = SealingKey::generate();
    const Wrapped first = key.wrap(0x80, view_of("123456"), iterations);
    const Wrapped second = key.wrap(0x80, view_of("123456"), iterations);
    EXPECT_NE(first.salt, second.salt);
    EXPECT_NE(first.box, second.box);
    EXPECT_NE(SealingKey::generate().public_key(), key.public_key());
}

TEST(Seal, IsOpenedByItsKeyTogetherWithWhatItIsBoundTo) {
    const SealingKey key = SealingKey::generate();
    for (const std::size_t length : {0U, 1U, 1000U}) {
        const Bytes plain(length, 0x53);
        const Bytes box = seal(key.public_key(), plain, view_of("slot"));
        EXPECT_EQ(box.size(), least_box_bytes + length);
        EXPECT_TRUE(equal(key.open(box, view_of("slot")).value(), plain));
        EXPECT_FALSE(key.open(box, view_of("another slot")));
        EXPECT_FALSE(SealingKey::generate().open(box, view_of("slot")));
        EXPECT_NE(seal(key.public_key(), plain, view_of("slot")), box);
    }
}

TEST(Seal, CutOrChangedIsNotOpened) {
    const SealingKey key = SealingKey::generate();
    const Bytes box = seal(key.public_key(), view_of("secret"), {});
    for (std::size_t i = 0; i < box.size(); ++i) {
        Bytes changed = box;
        changed[i] ^= 0x01;
        // The highest bit of an X25519 key says nothing, but the key is hashed with it.
        EXPECT_FALSE(key.open(changed, {})) << i;
        EXPECT_FALSE(key.open(View(box).first(i), {})) << i;
    }
    Bytes highest = box;
    highest[31] ^= 0x80;
    EXPECT_FALSE(key.open(highest, {}));
    EXPECT_FALSE(key.open(Bytes(box.size()), {})) << "an ephemeral key of low order";
}

class SealedCard : public testing::Test {
  protected:
    SealedCard() {
        card.become_administrator();
        EXPECT_EQ(card.import(0x9A, 0xE0, key).status, 0x9000U);
        EXPECT_EQ(card.import(0x9E, 0xE0, open).status, 0x9000U);
    }

    std::string file() { return to_text(*card.medium().bytes); }

    void write(const Json& json) {
        card.medium().bytes = to_secret(view_of(json.dump()));
        ++card.medium().writes;
    }

    Json json() { return std::get<Json>(parse_json(*card.medium().bytes, JsonLimits::large)); }

    Answer sign(Byte reference) { return card.authenticate(0xE0, reference, 0x81, view_of("message")); }

    static std::string seed_of(const crypto::PrivateKey& from) {
        return to_hex(std::get<crypto::OkpPrivateParts>(from.parts().value()).seed);
    }

    crypto::PrivateKey key = crypto::PrivateKey::generate_okp(crypto::OkpCurve::ed25519);
    crypto::PrivateKey open = crypto::PrivateKey::generate_okp(crypto::OkpCurve::ed25519);
    CardUnderTest card;
};

TEST_F(SealedCard, HasNoPinAndNoPrivateKeyInItsFile) {
    EXPECT_EQ(file().find(seed_of(key)), std::string::npos);
    for (const char* pin : {"313233343536", "123456\"", "3132333435363738"}) {
        EXPECT_EQ(file().find(pin), std::string::npos) << pin;
    }
    card.verify();
    EXPECT_EQ(sign(0x9A).status, 0x9000U);
    EXPECT_EQ(file().find(seed_of(key)), std::string::npos) << "nor after it was used";
}

TEST_F(SealedCard, HasKeysWithoutPinInTheClear) {
    EXPECT_NE(file().find(seed_of(open)), std::string::npos);
    EXPECT_EQ(sign(0x9E).status, 0x9000U);
}

TEST_F(SealedCard, OpensWithThePukAndAfterEveryChangeOfThePin) {
    EXPECT_EQ(card.send("002C0080 10 3132333435363738 363534333231FFFF").status, 0x9000U);
    card.restart();
    EXPECT_EQ(card.send("0020008008363534333231FFFF").status, 0x9000U);
    EXPECT_EQ(sign(0x9A).status, 0x9000U);
    EXPECT_EQ(card.send("0024008010363534333231FFFF 3737373737373737").status, 0x9000U);
    EXPECT_EQ(sign(0x9A).status, 0x9000U) << "a changed PIN counts as given";
    card.restart();
    EXPECT_EQ(card.send("00240081 10 3132333435363738 3939393939393939").status, 0x9000U);
    EXPECT_EQ(card.send("002C0080 10 3939393939393939 313233343536FFFF").status, 0x9000U);
    card.verify();
    EXPECT_EQ(sign(0x9A).status, 0x9000U);
}

TEST_F(SealedCard, DoesNotOpenAKeyWhoseRulesWereChangedInTheFile) {
    struct Change {
        const char* pointer;
        const char* value;
    };
    const Json whole = json();
    for (const Change& change : {Change{"/applications/piv/keys/9a/pin_policy", "3"},
                                 Change{"/applications/piv/keys/9a/touch_policy", "2"},
                                 Change{"/applications/piv/keys/9a/origin", "1"},
                                 Change{"/applications/piv/keys/9a/made_for", "130"}}) {
        SCOPED_TRACE(change.pointer);
        Json changed = whole;
        changed[Json::json_pointer(change.pointer)] = Json::parse(change.value);
        write(changed);
        card.restart();
        card.verify();
        EXPECT_EQ(sign(0x9A), (Answer{{}, 0x6581}));
    }
    Json changed = whole;
    Json& keys = changed["applications"]["piv"]["keys"];
    keys["9a"]["public_key"] = keys["9e"]["public_key"];
    write(changed);
    card.restart();
    card.verify();
    EXPECT_EQ(sign(0x9A).status, 0x6581U);
    write(whole);
    card.restart();
    card.verify();
    EXPECT_EQ(sign(0x9A).status, 0x9000U);
}

TEST_F(SealedCard, RefusesThePinWhenItsSealingKeyWasExchanged) {
    Json changed = json();
    changed["applications"]["piv"]["sealing_key"] = to_hex(SealingKey::generate().public_key());
    write(changed);
    card.restart();
    EXPECT_EQ(card.send("0020008008313233343536FFFF").status, 0x63C2U);
}

TEST_F(SealedCard, TakesNewKeysWhileThePinIsBlocked) {
    card.block_pins();
    card.restart();
    card.become_administrator();
    card.generate(0x9D, 0xE0);
    EXPECT_EQ(card.send("00F7009D00").status, 0x9000U);
}

TEST_F(SealedCard, ForgetsThePinWhenAnotherProcessResetIt) {
    CardUnderTest other(std::shared_ptr<Medium>(&card.medium(), [](Medium*) {}));
    card.verify();
    EXPECT_EQ(sign(0x9A).status, 0x9000U);
    other.block_pins();
    EXPECT_EQ(card.send("00200080").status, 0x9000U) << "what one verified stays";
    EXPECT_EQ(other.send("00FB0000").status, 0x9000U);
    EXPECT_EQ(card.send("00200080").status, 0x63C3U);
    EXPECT_EQ(card.send("00CB3FFF055C035FC10300").status, 0x6982U);
    other.become_administrator();
    other.import(0x9A, 0xE0, key);
    EXPECT_EQ(sign(0x9A).status, 0x6982U);
    EXPECT_EQ(card.send("00DB3FFF085C035FC1055301AA").status, 0x6982U) << "the administrator is gone too";
    card.verify();
    EXPECT_EQ(sign(0x9A).status, 0x9000U);
}

TEST_F(SealedCard, KeepsWhatWasOpenWhenAnotherProcessChangedThePin) {
    CardUnderTest other(std::shared_ptr<Medium>(&card.medium(), [](Medium*) {}));
    card.verify();
    EXPECT_EQ(sign(0x9A).status, 0x9000U);
    EXPECT_EQ(other.send("0024008010313233343536FFFF363534333231FFFF").status, 0x9000U);
    EXPECT_EQ(sign(0x9A).status, 0x9000U);
}

TEST_F(SealedCard, UsesTheKeyThatAnotherProcessPutInItsPlace) {
    CardUnderTest other(std::shared_ptr<Medium>(&card.medium(), [](Medium*) {}));
    card.verify();
    const Bytes before = sign(0x9A).data;
    other.become_administrator();
    EXPECT_EQ(other.import(0x9A, 0xE0, open).status, 0x9000U);
    const Bytes after = sign(0x9A).data;
    EXPECT_NE(after, before);
    EXPECT_EQ(after, open.sign_eddsa(text("message")));
}

}  // namespace
}  // namespace jeton::softcard

// Which profile serves a card, what is asked for it, and what variants change.
#include <gtest/gtest.h>

#include "card/support/card_fixture.hpp"

namespace jeton::card {
namespace {

/// A PIV card that says more of itself than the software card does.
class Detection : public SoftCardTest {
  protected:
    Detection() : m_card_file(create("main")) {}

    /// recognise compares a new card with the built-in profiles and |files|, whose members are given without
    /// the version of the schema.
    void recognise(const std::vector<std::string>& files) {
        std::vector<ProfileSet::Layer> layers;
        for (std::size_t i = 0; i < files.size(); ++i) {
            const auto path = m_directory / ("profile" + std::to_string(i) + ".json");
            std::ofstream(path) << R"({"schemaVersion": "1.0", )" << files[i] << "}";
            layers.push_back({.path = path});
        }
        const ProfileSet profiles = ProfileSet::load(layers);
        for (const ProfileProblem& problem : profiles.problems()) {
            ADD_FAILURE() << problem.text();
        }
        m_link = std::make_unique<support::SimulatedLink>(softcard::insert(m_card_file));
        m_link->intercept = [](View command) { return answer(command); };
        m_card = Card::recognise(*m_link, profiles);
        ASSERT_TRUE(m_card);
    }

    /// recognised_by tells whether a profile with this rule alone takes the card.
    bool recognised_by(const std::string& rule) {
        recognise(
            {R"("id": "mine", "extends": "piv", "priority": 50, "match": {"$replace": [)" + rule + "]}"});
        return m_card->profile().id == "mine";
    }

    std::size_t count(const std::string& instruction) const {
        std::size_t found = 0;
        for (const Bytes& command : m_link->sent) {
            found += to_hex(View(command).subspan(1, 1)) == instruction ? 1 : 0;
        }
        return found;
    }

    std::string label_of(const char* id) const { return m_card->profile().keys.at(key(id)).label; }

  private:
    static std::optional<Bytes> answer(View command) {
        const auto is = [command](Byte instruction, Byte p2) {
            return command[1] == instruction && command[3] == p2;
        };
        if (is(0xA4, 0x00) && command.size() > 10 && command[9] == 0x08) {
            return from_hex("610E 4F060000100001008504 0102FF05 9000").value();
        }
        if (is(0xCA, 0x7F)) {
            return from_hex("CAFE05 9000").value();
        }
        if (is(0xFD, 0x00)) {
            return from_hex("050403 9000").value();
        }
        if (is(0xCB, 0xFF)) {  // the software card itself was not selected
            return from_hex("6A82").value();
        }
        return std::nullopt;
    }

    std::filesystem::path m_card_file;
};

struct Rule {
    const char* json;
    bool fits;
};

class DetectionRule : public Detection, public testing::WithParamInterface<Rule> {};

TEST_P(DetectionRule, Fits) {
    EXPECT_EQ(recognised_by(GetParam().json), GetParam().fits) << GetParam().json;
}

const Rule rules[] = {
    {R"({"aid": "A000000308", "selectTlv": {"tag": "85", "hex": "0102FF05"}})", true},
    {R"({"aid": "A000000308", "selectTlv": {"tag": "85", "hex": "0102FF06"}})", false},
    {R"({"aid": "A000000308", "selectTlv": {"tag": "85", "hex": "0000FF00", "mask": "0000FF00"}})", true},
    {R"({"aid": "A000000308", "selectTlv": {"tag": "85", "hex": "FF", "mask": "FF"}})", false},
    {R"({"aid": "A000000308", "selectTlv": {"tag": "86", "hex": "0102FF05"}})", false},
    {R"({"selectTlv": {"tag": "85", "hex": "0102FF05"}})", true},
    {R"({"aid": "A000000308", "getData": {"p1p2": "007F", "hex": "CAFE05"}})", true},
    {R"({"aid": "A000000308", "getData": {"p1p2": "007F", "hex": "CAFE0F", "mask": "FFFFF5"}})", true},
    {R"({"aid": "A000000308", "getData": {"p1p2": "007F", "hex": "CAFE"}})", false},
    {R"({"aid": "A000000308", "getData": {"p1p2": "007E", "hex": "CAFE05"}})", false},
    {R"({"aid": "A000000308", "version": ">=5.4 <6"})", true},
    {R"({"aid": "A000000308", "version": "=5.4.3"})", true},
    {R"({"aid": "A000000308", "version": ">5.4.3"})", false},
    {R"({"aid": "A000000308", "version": "<5.4"})", false},
    {R"({"aid": "A000000308", "reader": "simulated reader"})", true},
    {R"({"aid": "A000000308", "reader": "sim*"})", true},
    {R"({"aid": "A000000308", "reader": "*read?r"})", true},
    {R"({"aid": "A000000308", "reader": "*a*a*r*"})", true},
    {R"({"aid": "A000000308", "reader": "sim"})", false},
    {R"({"aid": "A000000308", "reader": "*x*"})", false},
    {R"({"aid": "A000000308", "reader": "?simulated reader"})", false},
};

INSTANTIATE_TEST_SUITE_P(All, DetectionRule, testing::ValuesIn(rules));

TEST_F(Detection, AsksTheCardNoQuestionTwice) {
    const auto other = [](const char* id, const char* part) {
        return std::string(R"("id": ")") + id +
               R"(", "extends": "piv", "priority": 50, "match": {"$replace": [{"aid": "A000000308", )" +
               part + "}]}";
    };
    recognise({other("a", R"("version": ">6")"), other("b", R"("version": "<5")"),
               other("c", R"("getData": {"p1p2": "007F", "hex": "00"})"),
               other("d", R"("getData": {"p1p2": "007F", "hex": "01"})"),
               other("e", R"("selectTlv": {"tag": "85", "hex": "01"})"),
               other("f", R"("selectTlv": {"tag": "85", "hex": "0102FF05"})")});
    EXPECT_EQ(m_card->profile().id, "f");
    EXPECT_EQ(count("A4"), 1U);
    EXPECT_EQ(count("FD"), 1U);
    EXPECT_EQ(count("CA"), 1U);
}

TEST_F(Detection, LooksFirstAmongEqualsAtProfilesThatTheAtrSpeaksFor) {
    recognise({R"("id": "a-by-name", "extends": "piv", "priority": 50, "select": {"aid": "A000000777"},
                  "match": {"$replace": [{"aid": "A000000777"}]})",
               R"("id": "z-by-atr", "extends": "piv", "priority": 50,
                  "match": {"$replace": [{"historicalText": "jeton"}]})"});
    EXPECT_EQ(m_card->profile().id, "z-by-atr");
    EXPECT_EQ(count("A4"), 1U);
}

TEST_F(Detection, TheHighestPriorityWinsOverTheAtr) {
    recognise({R"("id": "a-by-name", "extends": "piv", "priority": 51)",
               R"("id": "z-by-atr", "extends": "piv", "priority": 50,
                  "match": {"$replace": [{"historicalText": "jeton"}]})"});
    EXPECT_EQ(m_card->profile().id, "a-by-name");
}

/// A patch of piv with variants that rename the key 9a.
std::string renaming(const std::vector<std::pair<std::string, std::string>>& variants) {
    std::string json;
    for (const auto& [when, label] : variants) {
        json += (json.empty() ? "" : ", ") + (R"({"when": {)" + when) +
                R"(}, "set": {"keys": [{"id": "9a", "label": ")" + label + R"("}]}})";
    }
    return R"("patch": "piv", "variants": [)" + json + "]";
}

TEST_F(Detection, VariantsHoldForSomeVersions) {
    recognise({renaming({{R"("version": "<5")", "old"}, {R"("version": ">=5.4")", "new"}})});
    EXPECT_EQ(label_of("9a"), "new");
    EXPECT_EQ(m_card->profile().id, "piv");
    EXPECT_EQ(count("A4"), 1U);
    EXPECT_EQ(count("FD"), 1U);
    EXPECT_EQ(m_card->exchanges(), m_link->sent.size());
}

TEST_F(Detection, VariantsFollowEachOther) {
    recognise({renaming({{R"("version": ">=5")", "first"},
                         {R"("version": ">5.4.3")", "second"},
                         {R"("version": ">=5.4")", "third"}})});
    EXPECT_EQ(label_of("9a"), "third");
}

TEST_F(Detection, VariantsByAtrCostNoCommand) {
    recognise({renaming({{R"("atr": "3B00")", "other"}})});
    EXPECT_EQ(label_of("9a"), "PIV AUTH key");
    EXPECT_EQ(count("FD"), 0U);
    const std::string atr = to_hex(m_link->atr());
    recognise({renaming({{R"("atr": ")" + atr + R"(")", "this"}})});
    EXPECT_EQ(label_of("9a"), "this");
    EXPECT_EQ(count("FD"), 0U);
}

TEST_F(Detection, VariantsOfTheUserChangeNothingThatIsLocked) {
    const auto locking = m_directory / "system.json";
    std::ofstream(locking) << R"({"schemaVersion": "1.0", "patch": "piv",
                                  "policy": {"locked": ["/keys/9a/label"]}})";
    const auto users = m_directory / "user.json";
    std::ofstream(users) << R"({"schemaVersion": "1.0", )" + renaming({{R"("version": ">=5")", "unlocked"}}) +
                                "}";
    std::filesystem::permissions(users, std::filesystem::perms(0600));
    m_link = std::make_unique<support::SimulatedLink>(softcard::insert(create("other")));
    m_link->intercept = [](View command) -> std::optional<Bytes> {
        return command[1] == 0xFD ? std::optional(Bytes{5, 4, 3, 0x90, 0x00}) : std::nullopt;
    };
    m_card = Card::recognise(*m_link, ProfileSet::load({{locking, true}, {users, false}}));
    ASSERT_TRUE(m_card);
    EXPECT_EQ(m_link->sent_since(0).find("FD") != std::string::npos, true) << "the variant was looked at";
    EXPECT_EQ(label_of("9a"), "PIV AUTH key");
}

}  // namespace
}  // namespace jeton::card

#include "softcard/store.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "softcard/card_under_test.hpp"
#include "util/log.hpp"

namespace jeton::softcard {
namespace {

namespace fs = std::filesystem;

class StoreTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "jeton-softcard-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        base = pattern;
        directory = base / "state" / "jeton";
    }
    void TearDown() override { fs::remove_all(base); }

    void make(const std::string& name) {
        CreateOptions options = fixed_options();
        options.name = name;
        create(directory, options);
    }

    bool refuses(const CreateOptions& options) {
        try {
            create(directory, options);
            return false;
        } catch (const Error&) {
            return true;
        }
    }

    void remove_if_there(const CreateOptions& options) { fs::remove(card_file(directory, options.name)); }

    static Answer send(reader::SimulatedCard& card, std::string_view digits) {
        return split(card.transmit(hex(digits)));
    }

    static std::shared_ptr<reader::SimulatedCard> select(const fs::path& file) {
        auto card = insert(file);
        EXPECT_FALSE(card->power_on().empty());
        EXPECT_EQ(send(*card, "00A4040005A000000308").status, 0x9000U);
        return card;
    }

    std::string read(const fs::path& file) {
        std::ostringstream text;
        text << std::ifstream(file, std::ios::binary).rdbuf();
        return text.str();
    }

    fs::path base;
    fs::path directory;
};

mode_t mode_of(const fs::path& path) {
    struct stat status{};
    EXPECT_EQ(stat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
}

TEST_F(StoreTest, ACardIsMadePrivately) {
    make("main");
    EXPECT_EQ(mode_of(directory), 0700U);
    EXPECT_EQ(mode_of(card_file(directory, "main")), 0600U);
    select(card_file(directory, "main"));
}

TEST_F(StoreTest, ADirectoryWithASlashAtItsEndIsPrivateToo) {
    CreateOptions options = fixed_options();
    create(directory.string() + "/", options);
    EXPECT_EQ(mode_of(directory), 0700U);
}

TEST_F(StoreTest, AnExistingCardIsNotReplaced) {
    make("main");
    const std::string before = read(card_file(directory, "main"));
    EXPECT_THROW(make("main"), Error);
    EXPECT_EQ(read(card_file(directory, "main")), before);
}

TEST_F(StoreTest, OneOfManyProcessesMakesACard) {
    constexpr int processes = 8;
    std::vector<pid_t> children;
    for (int i = 0; i < processes; ++i) {
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            try {
                make("main");
            } catch (const Error& error) {
                _exit(std::string(error.what()).find("already") != std::string::npos ? 1 : 2);
            }
            _exit(0);
        }
        children.push_back(child);
    }
    int made = 0;
    for (const pid_t child : children) {
        int status = -1;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFEXITED(status));
        EXPECT_LE(WEXITSTATUS(status), 1);
        made += WEXITSTATUS(status) == 0 ? 1 : 0;
    }
    EXPECT_EQ(made, 1);
    select(card_file(directory, "main"));
    EXPECT_EQ(std::distance(fs::directory_iterator(directory), fs::directory_iterator()), 1)
        << "the others left nothing";
}

TEST_F(StoreTest, ACardOfAnOlderVersionIsToldWhatToDo) {
    fs::create_directories(directory);
    const fs::path file = card_file(directory, "main");
    std::ofstream(file) << R"({"format": "jeton software card", "version": 1})";
    ASSERT_TRUE(log::configure("warn:" + (base / "log").string()));
    EXPECT_FALSE(insert(file)->present());
    ASSERT_TRUE(log::configure("error"));
    EXPECT_NE(read(base / "log").find("jeton softcard delete"), std::string::npos);
    remove(directory, "main");
}

TEST_F(StoreTest, NamesArePlain) {
    for (const char* name : {"", ".hidden", "-x", "_x", "Main", "a/b", "../a", "a b", "a\n", "\xC3\xA9",
                             "a12345678901234567890123456789012"}) {
        EXPECT_THROW(make(name), Error) << name;
        EXPECT_THROW(remove(directory, name), Error) << name;
    }
    for (const char* name : {"a", "0", "a.b_c-d", "a1234567890123456789012345678901"}) {
        EXPECT_NO_THROW(make(name)) << name;
    }
}

TEST_F(StoreTest, PinsAndKeysAreChecked) {
    for (const char* pin : {"", "12345", "123456789", "12345\t", "12345\xC3\xA9"}) {
        CreateOptions options = fixed_options();
        options.pin = pin;
        EXPECT_THROW(create(directory, options), Error) << pin;
        options = fixed_options();
        options.puk = pin;
        EXPECT_THROW(create(directory, options), Error) << pin;
        options = fixed_options();
        options.global_pin = pin;
        EXPECT_TRUE(*pin == '\0' || refuses(options)) << pin;
    }
    for (const std::size_t length : {1U, 8U, 15U, 17U, 33U}) {
        CreateOptions options = fixed_options();
        options.management_key = Bytes(length);
        EXPECT_THROW(create(directory, options), Error) << length;
        options.management_algorithm = ManagementAlgorithm::tdes;
        EXPECT_THROW(create(directory, options), Error) << length;
    }
    for (const ManagementFacts& facts : management_algorithms()) {
        CreateOptions options = fixed_options();
        options.management_algorithm = facts.algorithm;
        EXPECT_EQ(!refuses(options), facts.key_bytes == 24) << facts.name;
        remove_if_there(options);
    }
    for (const unsigned iterations : {0U, 1'000'001U}) {
        CreateOptions options = fixed_options();
        options.pin_iterations = iterations;
        EXPECT_TRUE(refuses(options));
    }
    fs::remove(directory);
    EXPECT_FALSE(fs::exists(directory));
}

TEST_F(StoreTest, AppletsAreChecked) {
    using Names = std::vector<std::string>;
    for (const Names& names :
         {Names{}, Names{"PIV"}, Names{"piv", "piv"}, Names{"sc-hsm", "sc-hsm"}, Names{"piv", ""}}) {
        CreateOptions options = fixed_options();
        options.applets = names;
        EXPECT_TRUE(refuses(options)) << testing::PrintToString(names);
    }
}

TEST_F(StoreTest, TheOfficersPinOfACardWithScHsmHasEightCharacters) {
    for (const char* puk : {"1234567", "12345678"}) {
        CreateOptions options = fixed_options();
        options.applets = {"sc-hsm"};
        options.puk = puk;
        EXPECT_EQ(refuses(options), options.puk.size() != 8) << puk;
        remove_if_there(options);
        options.applets = {"piv"};
        EXPECT_FALSE(refuses(options));
        remove_if_there(options);
    }
}

TEST_F(StoreTest, ACardWithScHsmAloneCanBeLeftBlank) {
    for (const char* applet : {"piv", "sc-hsm"}) {
        CreateOptions options = fixed_options();
        options.applets = {applet};
        options.blank = true;
        EXPECT_EQ(refuses(options), options.applets.front() == "piv") << applet;
        remove_if_there(options);
    }
}

TEST_F(StoreTest, AnUnusableDirectoryIsTold) {
    std::ofstream(base / "file") << "x";
    try {
        create(base / "file" / "state", fixed_options());
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("test"), std::string::npos);
    }
}

TEST_F(StoreTest, CardsAreListedByName) {
    EXPECT_TRUE(list(directory).empty());
    make("second");
    make("first");
    std::ofstream(directory / "UPPER.softcard") << "x";
    std::ofstream(directory / "first.lease") << "x";
    std::ofstream(directory / "first.softcard.abcdef") << "x";
    std::ofstream(directory / ".softcard") << "x";
    EXPECT_EQ(list(directory), (std::vector<std::string>{"first", "second"}));
}

TEST_F(StoreTest, RemovingTakesEverythingOfTheCard) {
    make("one");
    make("one.two");
    std::ofstream(lease_file(directory, "one")) << "x";
    std::ofstream(directory / "one.softcard.abcdef") << "left by a crash";
    remove(directory, "one");
    EXPECT_FALSE(fs::exists(lease_file(directory, "one")));
    EXPECT_FALSE(fs::exists(directory / "one.softcard.abcdef"));
    EXPECT_EQ(list(directory), (std::vector<std::string>{"one.two"}));
    EXPECT_THROW(remove(directory, "one"), Error);
    EXPECT_THROW(remove(base / "nowhere", "one"), Error);
}

TEST_F(StoreTest, TheCounterStandsInTheFileAtOnce) {
    make("main");
    const auto card = select(card_file(directory, "main"));
    EXPECT_EQ(send(*card, "0020008008323232323232FFFF").status, 0x63C2U);
    fs::copy_file(card_file(directory, "main"), base / "copy.softcard");
    const auto copy = select(base / "copy.softcard");
    EXPECT_EQ(send(*copy, "00200080").status, 0x63C2U);
    EXPECT_EQ(mode_of(card_file(directory, "main")), 0600U);
}

TEST_F(StoreTest, TwoCardsOnOneFileSeeEachOther) {
    make("main");
    const fs::path file = card_file(directory, "main");
    const auto one = select(file);
    const auto other = select(file);
    EXPECT_EQ(send(*one, "0020008008323232323232FFFF").status, 0x63C2U);
    EXPECT_EQ(send(*other, "0020008008323232323232FFFF").status, 0x63C1U);
    EXPECT_EQ(send(*one, "0020008008313233343536FFFF").status, 0x9000U);
    EXPECT_EQ(send(*other, "00200080").status, 0x63C3U) << "what one verified, the other did not";
}

TEST_F(StoreTest, PresenceFollowsTheFile) {
    const fs::path file = card_file(directory, "main");
    const auto card = insert(file);
    EXPECT_FALSE(card->present());
    EXPECT_TRUE(card->power_on().empty());
    make("main");
    EXPECT_TRUE(card->present());
    EXPECT_FALSE(card->power_on().empty());
    remove(directory, "main");
    EXPECT_FALSE(card->present());
    EXPECT_EQ(send(*card, "00A4040005A000000308").status, 0x6F00U);
    fs::create_directory(file);
    EXPECT_FALSE(card->present());
}

TEST_F(StoreTest, ADamagedFileIsToldOnce) {
    make("main");
    const fs::path file = card_file(directory, "main");
    std::ofstream(file, std::ios::trunc) << R"({"format": 1})";
    ASSERT_TRUE(log::configure("warn:" + (base / "log").string()));
    const auto card = insert(file);
    EXPECT_FALSE(card->present());
    EXPECT_FALSE(card->present());
    EXPECT_TRUE(card->power_on().empty());
    ASSERT_TRUE(log::configure("error"));
    const std::string text = read(base / "log");
    EXPECT_NE(text.find(file.string()), std::string::npos) << text;
    EXPECT_NE(text.find("/format"), std::string::npos) << text;
    EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
}

TEST_F(StoreTest, AHugeFileIsNotRead) {
    fs::create_directories(directory);
    const fs::path file = card_file(directory, "main");
    std::ofstream(file) << "{";
    fs::resize_file(file, Storage::most_bytes + 1);
    const auto card = insert(file);
    EXPECT_FALSE(card->present());
    EXPECT_TRUE(card->power_on().empty());
}

TEST(SoftcardAtr, IsWellFormed) {
    ASSERT_EQ(to_hex(softcard_atr()), "3B8B8131FE458073C021C0556A65746F6E7D");
    ASSERT_EQ(to_hex(softcard_atr(AtrKind::several)), "3B8D8131FE458031C173C021C0556A65746F6E8B");
    ASSERT_EQ(to_hex(softcard_atr(AtrKind::sc_hsm)), "3B8E8131FE458073C021C0586A65746F6E48534D23");
    for (const AtrKind kind : {AtrKind::one, AtrKind::several, AtrKind::sc_hsm}) {
        const View atr = softcard_atr(kind);
        EXPECT_EQ((atr[1] & 0x0FU) + 7U, atr.size()) << "historical bytes";
        Byte check = 0;
        for (const Byte byte : atr.subspan(1)) {
            check ^= byte;
        }
        EXPECT_EQ(check, 0) << "TCK";
    }
}

TEST_F(StoreTest, AnAtrTellsWhatThereIs) {
    for (const auto& [name, applets, kind] :
         {std::tuple{"one", std::vector<std::string>{"openpgp"}, AtrKind::one},
          std::tuple{"hsm", std::vector<std::string>{"sc-hsm"}, AtrKind::sc_hsm},
          std::tuple{"two", std::vector<std::string>{"piv", "sc-hsm"}, AtrKind::several}}) {
        CreateOptions options = fixed_options();
        options.name = name;
        options.applets = applets;
        create(directory, options);
        EXPECT_EQ(to_hex(insert(card_file(directory, name))->power_on()), to_hex(softcard_atr(kind)));
    }
}

}  // namespace
}  // namespace jeton::softcard

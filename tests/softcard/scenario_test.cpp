// Runs the scenarios of vectors/*.apdu, each on a new card in memory. A line is one of
//   # remark
//   ! restart | verify | administrator     what CardUnderTest does (a scenario begins without selection)
//   ! refused-administrator                the same, refused with 6982
//   ! global-pin | touch-refused           a new card that has a global PIN, or that nobody touches
//   > hex                                  a command
//   < pattern                              its response: hex, '.' for any digit, one '*' for any bytes
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "softcard/card_under_test.hpp"

namespace jeton::softcard {
namespace {

namespace fs = std::filesystem;

std::string without_spaces(std::string text) {
    std::erase(text, ' ');
    return text;
}

bool digits_match(std::string_view pattern, std::string_view digits) {
    return std::ranges::equal(pattern, digits, [](char wanted, char found) {
        return wanted == '.' || std::toupper(static_cast<unsigned char>(wanted)) == found;
    });
}

bool matches(std::string_view pattern, std::string_view digits) {
    const std::size_t star = pattern.find('*');
    if (star == std::string_view::npos) {
        return digits_match(pattern, digits);
    }
    const std::string_view head = pattern.substr(0, star);
    const std::string_view tail = pattern.substr(star + 1);
    return digits.size() >= head.size() + tail.size() && digits_match(head, digits.substr(0, head.size())) &&
           digits_match(tail, digits.substr(digits.size() - tail.size()));
}

/// Run is a scenario under way.
class Run {
  public:
    Run() { insert(fixed_options(), {}); }

    void act(const std::string& name) {
        if (name == "restart") {
            m_card->card().power_on();
        } else if (name == "verify") {
            m_card->verify();
        } else if (name == "administrator") {
            m_card->become_administrator();
        } else if (name == "refused-administrator") {
            EXPECT_EQ(m_card->try_administrator(fixed_options().management_key, ManagementAlgorithm::aes192),
                      (Answer{{}, 0x6982}));
        } else if (name == "global-pin") {
            CreateOptions options = fixed_options();
            options.global_pin = "777777";
            insert(options, {});
        } else if (name == "touch-refused") {
            insert(fixed_options(), {.touch = Touch::refused});
        } else {
            FAIL() << "no such action: " << name;
        }
    }

    void send(const std::string& digits) { m_response = to_hex(m_card->card().transmit(hex(digits))); }

    void expect(const std::string& pattern) {
        EXPECT_TRUE(matches(pattern, m_response)) << "answered " << m_response;
        ++m_compared;
    }

    int compared() const { return m_compared; }

  private:
    void insert(const CreateOptions& options, const CardOptions& card_options) {
        m_card = std::make_unique<CardUnderTest>(new_medium(options), card_options);
        m_card->card().power_on();
    }

    std::unique_ptr<CardUnderTest> m_card;
    std::string m_response;
    int m_compared = 0;
};

void run(const fs::path& file) {
    std::ifstream lines(file);
    ASSERT_TRUE(lines.is_open());
    Run scenario;
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        SCOPED_TRACE(file.filename().string() + ":" + std::to_string(++number) + ": " + line);
        const std::string rest = without_spaces(line.empty() ? "" : line.substr(1));
        switch (line.empty() ? '#' : line[0]) {
            case '#':
                break;
            case '!':
                scenario.act(rest);
                break;
            case '>':
                scenario.send(rest);
                break;
            case '<':
                scenario.expect(rest);
                break;
            default:
                FAIL() << "not a line of a scenario";
        }
    }
    EXPECT_GT(scenario.compared(), 0);
}

std::vector<fs::path> scenarios() {
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(SOFTCARD_VECTORS)) {
        files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
}

class Scenario : public testing::TestWithParam<fs::path> {};

TEST_P(Scenario, IsAnsweredAsWritten) {
    run(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Vectors, Scenario, testing::ValuesIn(scenarios()),
                         [](const testing::TestParamInfo<fs::path>& scenario) {
                             std::string name = scenario.param.stem().string();
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace jeton::softcard

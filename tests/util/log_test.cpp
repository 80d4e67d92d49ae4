#include "util/log.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch_directory.hpp"

namespace jeton {
namespace {

using test::ScratchDirectory;

std::string content(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

class Log : public testing::Test {
  protected:
    ~Log() override { log::configure("warn"); }
    ScratchDirectory m_scratch;
};

TEST_F(Log, LevelsContainTheOnesAbove) {
    const std::pair<const char*, log::Level> rows[] = {{"error", log::Level::error},
                                                       {"warn", log::Level::warn},
                                                       {"info", log::Level::info},
                                                       {"debug", log::Level::debug},
                                                       {"apdu", log::Level::apdu}};
    for (const auto& [name, level] : rows) {
        ASSERT_TRUE(log::configure(name));
        for (const auto& [other_name, other] : rows) {
            EXPECT_EQ(log::enabled(other), other <= level) << name << " " << other_name;
        }
    }
}

TEST_F(Log, LinesInAFileTellTimeProcessAndLevel) {
    const auto file = m_scratch / "log";
    ASSERT_TRUE(log::configure("info:" + file.string()));
    log::error("reader {} is gone", 7);
    log::info("it {}", "came back");
    log::debug("not kept");
    log::configure("warn");
    const std::string text = content(file);
    const std::string process = std::to_string(getpid());
    EXPECT_NE(text.find(" " + process + " error: reader 7 is gone\n"), std::string::npos) << text;
    EXPECT_NE(text.find(" " + process + " info: it came back\n"), std::string::npos) << text;
    EXPECT_EQ(text.find("not kept"), std::string::npos) << text;
    EXPECT_TRUE(text.starts_with("20")) << text;
}

TEST_F(Log, TheFileIsPrivateAndAppendedTo) {
    const auto file = m_scratch / "log";
    for (int round = 0; round < 2; ++round) {
        ASSERT_TRUE(log::configure("warn:" + file.string()));
        log::warn("round {}", round);
    }
    log::configure("warn");
    struct stat status{};
    ASSERT_EQ(stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    const std::string text = content(file);
    EXPECT_NE(text.find("round 0"), std::string::npos);
    EXPECT_NE(text.find("round 1"), std::string::npos);
}

TEST_F(Log, ARefusedTextChangesNothing) {
    const auto file = m_scratch / "log";
    ASSERT_TRUE(log::configure("debug:" + file.string()));
    std::filesystem::create_symlink(file, m_scratch / "link");
    for (const std::string& text :
         {std::string(), std::string("verbose"), std::string("Debug"), std::string("debug "),
          std::string("debug:"), "debug:" + (m_scratch / "no/such").string(),
          "debug:" + (m_scratch / "link").string()}) {
        EXPECT_FALSE(log::configure(text)) << text;
    }
    log::debug("still here");
    log::configure("warn");
    EXPECT_NE(content(file).find("still here"), std::string::npos);
}

TEST_F(Log, NothingGoesToStandardError) {
    testing::internal::CaptureStderr();
    log::configure("error");
    log::warn("a warning that is not kept");
    log::configure("debug:" + (m_scratch / "log").string());
    log::debug("kept in the file");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace jeton

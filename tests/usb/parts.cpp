#include "usb/parts.hpp"

#include <gtest/gtest.h>
#include <map>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace jeton::test {

namespace {

constexpr unsigned longest_part = 120;  // seconds

std::map<std::string, int (*)()>& parts() {
    static std::map<std::string, int (*)()> all;
    return all;
}

}  // namespace

Part::Part(const char* name, int (*work)()) {
    parts().emplace(name, work);
}

std::vector<int> play(const std::vector<std::string>& names) {
    std::vector<pid_t> pids;
    for (const std::string& name : names) {
        std::string program = "/proc/self/exe";
        std::string part = name;
        char* const arguments[] = {program.data(), part.data(), nullptr};
        pid_t pid = -1;
        EXPECT_EQ(posix_spawn(&pid, program.c_str(), nullptr, nullptr, arguments, environ), 0);
        pids.push_back(pid);
    }
    std::vector<int> results;
    for (const pid_t pid : pids) {
        int status = -1;
        EXPECT_EQ(waitpid(pid, &status, 0), pid);
        results.push_back(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    }
    return results;
}

}  // namespace jeton::test

int main(int argc, char** argv) {
    const auto& parts = jeton::test::parts();
    if (argc == 2 && parts.contains(argv[1])) {
        alarm(jeton::test::longest_part);
        return parts.at(argv[1])();
    }
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}

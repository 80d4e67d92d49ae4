// Jobs in processes of their own, several at once: most of a job's time is waiting.
#pragma once

#include <cstdlib>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "util/scratch_directory.hpp"

namespace jeton::test {

/// Job writes what it found; a failed expectation of GoogleTest, an exception or a signal is told behind it.
using Job = std::function<void(std::ostream&)>;

/// run_jobs forks a process for each job, at most |most| at a time, and gives what each of them wrote. A job
/// that takes longer than |seconds| is ended.
inline std::vector<std::string> run_jobs(const std::vector<Job>& jobs, std::size_t most, unsigned seconds) {
    const ScratchDirectory scratch;
    const auto file = [&](std::size_t job) { return scratch / std::to_string(job); };
    std::map<pid_t, std::size_t> running;
    std::vector<std::string> written(jobs.size());
    const auto collect = [&] {
        int status = 0;
        const pid_t pid = wait(&status);
        const auto found = running.find(pid);
        if (found == running.end()) {
            return;
        }
        std::ostringstream text;
        text << std::ifstream(file(found->second)).rdbuf();
        written[found->second] = text.str();
        if (status != 0) {
            written[found->second] +=
                "FAILED: the job ended with wait status " + std::to_string(status) + "\n";
        }
        running.erase(found);
    };
    for (std::size_t job = 0; job < jobs.size(); ++job) {
        while (running.size() >= most) {
            collect();
        }
        const pid_t pid = fork();
        if (pid == 0) {
            alarm(seconds);
            int status = 1;
            try {
                std::ofstream out(file(job));
                jobs[job](out);
                status = testing::Test::HasFailure() ? 2 : 0;
            } catch (const std::exception& error) {
                std::ofstream(file(job), std::ios::app) << "FAILED: " << error.what() << "\n";
            }
            _exit(status);
        }
        running.emplace(pid, job);
    }
    while (!running.empty()) {
        collect();
    }
    return written;
}

}  // namespace jeton::test

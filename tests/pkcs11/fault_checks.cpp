#include "pkcs11/fault_checks.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>

namespace jeton::test {

namespace {

constexpr std::size_t processes = 40;      ///< at once: they wait most of the time
constexpr std::size_t slow_processes = 6;  ///< where sanitizers make them compute
constexpr unsigned seconds_for_a_cell = 240;
constexpr const char* summary = "cases %d, %d ms";

std::string names(const Allowed& codes) {
    std::string text;
    for (const CK_RV rv : codes) {
        text += fmt::format("{}{:#x}", text.empty() ? "" : " or ", rv);
    }
    return text;
}

}  // namespace

void require_one_of(CK_RV rv, const Allowed& allowed, const std::string& what) {
    require_that(std::ranges::find(allowed, rv) != allowed.end(),
                 fmt::format("{}: CKR {:#x} instead of {}", what, rv, names(allowed)));
}

void require_counters(const Bench& bench, const char* when) {
    const Counters own = read_counters(bench.card(), bench.kind());
    const Counters other = read_counters(bench.other_card(), bench.kind());
    require_that(own == bench.kind().full,
                 fmt::format("{}: tries of the card: PIN {}, PUK {}", when, own.pin, own.puk));
    require_that(other == bench.kind().full,
                 fmt::format("{}: tries of the other card: PIN {}, PUK {}", when, other.pin, other.puk));
}

void start_anew(Bench& bench, Stopwatch& stopwatch) {
    const Allowed ok{CKR_OK};
    bench->C_CloseAllSessions(bench.slot());
    require_one_of(stopwatch.time("to open a session", [&] { return bench.open(); }), ok,
                   "to open a session");
    CK_RV rv = stopwatch.time("to log in", [&] { return bench.login(bench.pin); });
    if (rv == CKR_PIN_INCORRECT && bench.pin_in_doubt) {
        rv = bench.login(*bench.pin_in_doubt);
    }
    require_one_of(rv, ok, "to log in");
    std::vector<CK_OBJECT_HANDLE> found;
    require_one_of(stopwatch.time("to list", [&] { return bench.find({}, found); }), ok, "to list");
    require_one_of(stopwatch.time("to sign", [&] { return bench.sign_and_verify(bench.kind().signer); }), ok,
                   "to sign");
}

bool Matrix::Cell::run_case(const std::string& name, Bench& bench, const std::function<bool()>& one) {
    bool counts = true;
    try {
        counts = one();
    } catch (const std::runtime_error& error) {
        m_out << name << ": " << error.what() << "\n";
    }
    bench.end();
    m_cases += counts ? 1 : 0;
    return counts;
}

void Matrix::add(const std::string& row, const std::string& column, std::function<void(Cell&)> cell) {
    m_entries.push_back({row, column, std::move(cell)});
}

bool matrix_is_whole() {
    return std::getenv("JETON_FAULT_MATRIX") == nullptr;
}

void Matrix::run() {
    // The slowest readers are the last operations: who waits the longest begins first.
    std::ranges::reverse(m_entries);
    std::vector<Job> jobs;
    for (const Entry& entry : m_entries) {
        jobs.push_back([&](std::ostream& out) {
            Cell cell(out);
            entry.run(cell);
            out << fmt::format("cases {}, {} ms\n", cell.m_cases, cell.stopwatch.longest().count());
        });
    }
    const std::vector<std::string> written =
        run_jobs(jobs, matrix_is_whole() ? processes : slow_processes, seconds_for_a_cell);
    int total = 0;
    int failed = 0;
    for (std::size_t i = 0; i < m_entries.size(); ++i) {
        int cases = 0;
        int longest = 0;
        int bad = 0;
        std::istringstream lines(written[i]);
        for (std::string line; std::getline(lines, line);) {
            if (std::sscanf(line.c_str(), summary, &cases, &longest) != 2) {
                ADD_FAILURE() << m_entries[i].row << ": " << line;
                ++bad;
            }
        }
        EXPECT_GT(cases, 0) << m_entries[i].row << ": " << m_entries[i].column;
        std::cout << fmt::format("{:<32} {:<14} {:>3} cases, {:>4} ms at most{}\n", m_entries[i].row,
                                 m_entries[i].column, cases, longest, bad == 0 ? "" : "  FAILED");
        total += cases;
        failed += bad;
    }
    std::cout << fmt::format("{}: {} of {}\n", m_title, total - failed, total);
}

}  // namespace jeton::test

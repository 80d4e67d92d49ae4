// What holds in every case of the tests of faults, and how their cases are run and told.
#pragma once

#include <algorithm>
#include <fmt/core.h>

#include "pkcs11/fault_operations.hpp"
#include "pkcs11/worker_pool.hpp"

namespace jeton::test {

using Allowed = std::vector<CK_RV>;

/// require_one_of as require_ok.
void require_one_of(CK_RV rv, const Allowed& allowed, const std::string& what);

/// require_counters: no PIN and no PUK lost a try, of the card and of the other card.
void require_counters(const Bench& bench, const char* when);

/// Stopwatch lets no call take long.
class Stopwatch {
  public:
    static constexpr std::chrono::milliseconds longest_call{5000};

    /// time gives what |call| gives.
    template <typename Call>
    CK_RV time(const std::string& what, Call&& call) {
        const auto begin = std::chrono::steady_clock::now();
        const CK_RV rv = call();
        const auto took =
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
        m_longest = std::max(m_longest, took);
        require_that(took < longest_call, fmt::format("{} took {} ms", what, took.count()));
        return rv;
    }

    std::chrono::milliseconds longest() const { return m_longest; }

  private:
    std::chrono::milliseconds m_longest{0};
};

/// start_anew is what every application does after a fault: it closes the sessions, opens one, logs in, lists
/// and signs, all of which must work.
void start_anew(Bench& bench, Stopwatch& stopwatch);

/// matrix_is_whole: the sanitizers, which are slow, run a selection (JETON_FAULT_MATRIX=selection).
bool matrix_is_whole();

/// Matrix runs cells, each in a process of its own, and prints a line for each.
class Matrix {
  public:
    explicit Matrix(std::string title) : m_title(std::move(title)) {}

    /// Cell counts cases and tells those that failed.
    class Cell {
      public:
        explicit Cell(std::ostream& out) : m_out(out) {}

        /// run_case is one case; an exception of |one| is its failure. Gives what |one| gives, true then.
        bool run_case(const std::string& name, Bench& bench, const std::function<bool()>& one);

        Stopwatch stopwatch;

      private:
        friend class Matrix;

        std::ostream& m_out;
        int m_cases = 0;
    };

    void add(const std::string& row, const std::string& column, std::function<void(Cell&)> cell);

    /// run ends with the line "|title|: N of N".
    void run();

  private:
    struct Entry {
        std::string row;
        std::string column;
        std::function<void(Cell&)> run;
    };

    std::string m_title;
    std::vector<Entry> m_entries;
};

}  // namespace jeton::test

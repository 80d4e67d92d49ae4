// The checks of profiles: first the form of a file against the vocabulary, then, after merging, the sense of
// the whole.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "card/profile_set.hpp"
#include "card/profile_vocabulary.hpp"
#include "util/json.hpp"

namespace jeton::card {

/// Extent tells a profile that stands alone from one that changes another, where null deletes and little is
/// required.
enum class Extent { whole, part };

/// extent_of is part for a file with "extends" or "patch".
Extent extent_of(const Json& file);

/// is_newer tells whether the file's minor version is newer than the vocabulary; false where that cannot be
/// told.
bool is_newer(const Json& file);

/// Path is a place in a document; it becomes a JSON pointer only when there is a mistake to report. The
/// parent must outlive it.
class Path {
  public:
    Path() = default;
    Path operator/(std::string_view key) const { return {this, key, 0}; }
    Path operator/(std::size_t index) const { return {this, {}, index}; }
    std::string pointer() const;

  private:
    Path(const Path* parent, std::string_view key, std::size_t index)
        : m_parent(parent), m_key(key), m_index(index) {}

    const Path* m_parent = nullptr;
    std::string_view m_key;
    std::size_t m_index = 0;
};

/// ProblemList collects the mistakes of one file, the first 32 of them.
class ProblemList {
  public:
    void add(std::string pointer, std::string expected, std::string found);
    bool full() const { return m_problems.size() >= 32; }
    bool empty() const { return m_problems.empty(); }
    std::vector<ProfileProblem>& items() { return m_problems; }

  private:
    std::vector<ProfileProblem> m_problems;
};

/// describe names a value for a message. Text stands there only as far as it cannot be somebody's secret.
std::string describe(const Json& value);

/// in_quotes gives |text| in quotes, shortened, with control characters escaped.
std::string in_quotes(std::string_view text);

/// check_file compares a file, as it was read, with the vocabulary.
void check_file(const Json& file, ProblemList& problems);

/// check_whole compares a profile after merging with the vocabulary, and looks whether it makes sense:
/// references, uniqueness, lengths. The reader (profile_reader.hpp) takes only what passed.
void check_whole(const Json& profile, ProblemList& problems);

}  // namespace jeton::card

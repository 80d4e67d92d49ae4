// A directory of its own for one test, removed with everything in it.
#pragma once

#include <filesystem>
#include <gtest/gtest.h>
#include <stdexcept>
#include <stdlib.h>
#include <string>

namespace jeton::test {

class ScratchDirectory {
  public:
    ScratchDirectory() {
        const char* const cards = std::getenv("JETON_TEST_CARDS");
        const std::filesystem::path root = cards != nullptr ? cards : std::filesystem::temp_directory_path();
        std::string name = (root / "jeton-test.XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("mkdtemp " + name);
        }
        m_path = name;
    }
    ~ScratchDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(m_path, ignored);
    }
    ScratchDirectory(const ScratchDirectory&) = delete;  // one owner removes it
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;

    const std::filesystem::path& path() const { return m_path; }
    std::filesystem::path operator/(const std::string& name) const { return m_path / name; }

  private:
    std::filesystem::path m_path;
};

}  // namespace jeton::test

#include "util/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include "scratch_directory.hpp"

namespace jeton {
namespace {

namespace fs = std::filesystem;
using test::ScratchDirectory;

mode_t mode_of(const fs::path& path) {
    struct stat status{};
    EXPECT_EQ(lstat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
}

std::size_t entries(const fs::path& directory) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

void write_text(const fs::path& path, std::string_view text) {
    std::ofstream(path) << text;
}

TEST(UniqueFd, ClosesOnceAndMoves) {
    int raw = -1;
    {
        UniqueFd fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
        ASSERT_TRUE(fd);
        raw = fd.get();
        UniqueFd moved(std::move(fd));
        EXPECT_EQ(moved.get(), raw);
        UniqueFd other(open("/dev/null", O_RDONLY | O_CLOEXEC));
        const int closed = other.get();
        other = std::move(moved);
        EXPECT_EQ(other.get(), raw);
        EXPECT_EQ(fcntl(closed, F_GETFD), -1);
    }
    EXPECT_EQ(fcntl(raw, F_GETFD), -1);
    EXPECT_FALSE(UniqueFd());
    UniqueFd released(open("/dev/null", O_RDONLY | O_CLOEXEC));
    const UniqueFd again(released.release());
    EXPECT_FALSE(released);
    EXPECT_TRUE(again);
}

TEST(ReadFile, GivesTheContentUpToTheLimit) {
    const ScratchDirectory scratch;
    write_text(scratch / "ten", "0123456789");
    write_text(scratch / "empty", "");
    EXPECT_EQ(to_text(read_file(scratch / "ten", 10).value()), "0123456789");
    EXPECT_FALSE(read_file(scratch / "ten", 9).has_value());
    EXPECT_TRUE(read_file(scratch / "empty", 0).value().empty());
}

TEST(ReadFile, RefusesWhatIsNotARegularFile) {
    const ScratchDirectory scratch;
    ASSERT_EQ(mkfifo((scratch / "fifo").c_str(), 0600), 0);
    for (const fs::path& path : {scratch / "missing", scratch.path(), scratch / "fifo", fs::path("/dev/zero"),
                                 fs::path("/dev/null")}) {
        EXPECT_FALSE(read_file(path, 1000).has_value()) << path;
    }
}

TEST(ReplaceFile, WritesContentAndModeAndLeavesNothingElse) {
    const ScratchDirectory scratch;
    const mode_t old_mask = umask(0077);
    for (const mode_t mode : {0600U, 0644U}) {
        replace_file(scratch / "file", view_of("content"), mode);
        EXPECT_EQ(to_text(read_file(scratch / "file", 100).value()), "content");
        EXPECT_EQ(mode_of(scratch / "file"), mode);
        EXPECT_EQ(entries(scratch.path()), 1U);
    }
    umask(old_mask);
}

TEST(CreateFile, WritesContentAndModeAndLeavesNothingElse) {
    const ScratchDirectory scratch;
    create_file(scratch / "file", view_of("content"), 0600);
    EXPECT_EQ(to_text(*read_file(scratch / "file", 100)), "content");
    EXPECT_EQ(mode_of(scratch / "file"), 0600U);
    EXPECT_EQ(entries(scratch.path()), 1U);
}

TEST(CreateFile, ReplacesNothingThatIsThere) {
    const ScratchDirectory scratch;
    replace_file(scratch / "file", view_of("old"), 0600);
    fs::create_symlink(scratch / "nowhere", scratch / "link");
    fs::create_directory(scratch / "directory");
    for (const char* name : {"file", "link", "directory"}) {
        try {
            create_file(scratch / name, view_of("new"), 0600);
            ADD_FAILURE() << name;
        } catch (const std::system_error& error) {
            EXPECT_EQ(error.code(), std::errc::file_exists) << name;
        }
    }
    EXPECT_EQ(to_text(*read_file(scratch / "file", 100)), "old");
    EXPECT_EQ(entries(scratch.path()), 3U);
}

TEST(ReplaceFile, ReplacesASymbolicLinkNotItsTarget) {
    const ScratchDirectory scratch;
    write_text(scratch / "target", "old");
    fs::create_symlink(scratch / "target", scratch / "link");
    replace_file(scratch / "link", view_of("new"), 0600);
    EXPECT_EQ(to_text(read_file(scratch / "target", 100).value()), "old");
    EXPECT_FALSE(fs::is_symlink(scratch / "link"));
    EXPECT_EQ(to_text(read_file(scratch / "link", 100).value()), "new");
}

TEST(ReplaceFile, SaysWhyItFailsAndLeavesTheOldFile) {
    const ScratchDirectory scratch;
    EXPECT_THROW(replace_file(scratch / "no/such/directory", view_of("x"), 0600), std::system_error);
    // A directory in the place of the file cannot be replaced; the temporary file must go.
    fs::create_directory(scratch / "directory");
    EXPECT_THROW(replace_file(scratch / "directory", view_of("x"), 0600), std::system_error);
    EXPECT_EQ(entries(scratch.path()), 1U);
}

TEST(ReplaceFile, AReaderSeesTheOldOrTheNewContentWhole) {
    const ScratchDirectory scratch;
    const fs::path file = scratch / "file";
    const std::string contents[] = {std::string(20000, 'a'), std::string(30000, 'b')};
    replace_file(file, view_of(contents[0]), 0600);
    const pid_t writer = fork();
    ASSERT_GE(writer, 0);
    if (writer == 0) {
        for (std::size_t round = 0;; ++round) {
            replace_file(file, view_of(contents[round % 2]), 0600);
        }
    }
    for (int round = 0; round < 500; ++round) {
        const auto seen = read_file(file, 100000);
        ASSERT_TRUE(seen.has_value());
        const std::string text = to_text(*seen);
        ASSERT_TRUE(text == contents[0] || text == contents[1]) << text.size();
    }
    kill(writer, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(writer, &status, 0), writer);
    // Killed at any moment, the writer left one whole file under the name.
    const std::string text = to_text(read_file(file, 100000).value());
    EXPECT_TRUE(text == contents[0] || text == contents[1]) << text.size();
}

TEST(MakePrivateDirectory, MakesTheParentsAndClosesTheLastOne) {
    const ScratchDirectory scratch;
    make_private_directory(scratch / "a/b/c");
    EXPECT_EQ(mode_of(scratch / "a/b/c"), 0700U);
    make_private_directory(scratch / "a/b/c");  // a second time is no mistake
    write_text(scratch / "file", "");
    EXPECT_THROW(make_private_directory(scratch / "file/below"), std::system_error);
}

}  // namespace
}  // namespace jeton

// The directory of the locks: which one is taken, and what LeaseFile does in one that all users share.
#include "reader/runtime_directory.hpp"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/lease_file.hpp"
#include "util/scratch_directory.hpp"

namespace jeton::reader {

namespace {

using test::ScratchDirectory;
namespace fs = std::filesystem;
using Locked = LeaseFile::Locked;

Deadline soon() {
    return Deadline::after(Milliseconds(2000));
}

/// A value of XDG_RUNTIME_DIR for one test.
class RuntimeVariable {
  public:
    explicit RuntimeVariable(const fs::path& value) { setenv("XDG_RUNTIME_DIR", value.c_str(), 1); }
    ~RuntimeVariable() { unsetenv("XDG_RUNTIME_DIR"); }
    RuntimeVariable(const RuntimeVariable&) = delete;
    RuntimeVariable& operator=(const RuntimeVariable&) = delete;
};

fs::path make_directory(const fs::path& path, mode_t mode) {
    fs::create_directory(path);
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
}

TEST(RuntimeDirectory, TheSharedOneBelongsToRootAndIsSticky) {
    const ScratchDirectory scratch;
    const RuntimeVariable own(scratch.path());
    const fs::path sticky = make_directory(scratch / "sticky", 01777);
    const fs::path mine = scratch / "jeton";
    EXPECT_EQ(runtime_directory(sticky), geteuid() == 0 ? sticky : mine);
    EXPECT_EQ(runtime_directory(make_directory(scratch / "open", 0777)), mine);
    EXPECT_EQ(runtime_directory(make_directory(scratch / "closed", 0755)), mine);
    EXPECT_EQ(runtime_directory(scratch / "missing"), mine);
    fs::create_symlink(sticky, scratch / "link");
    EXPECT_EQ(runtime_directory(scratch / "link"), mine);
}

TEST(RuntimeDirectory, TheOneOfTheUserIsClosedToOthers) {
    const ScratchDirectory scratch;
    const fs::path none = scratch / "none";
    const RuntimeVariable own(scratch.path());
    ASSERT_EQ(runtime_directory(none), scratch / "jeton");
    struct stat status{};
    ASSERT_EQ(stat((scratch / "jeton").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700U);
    ASSERT_EQ(chmod((scratch / "jeton").c_str(), 0770), 0);
    EXPECT_EQ(runtime_directory(none), std::nullopt) << "its group may write";
    fs::remove(scratch / "jeton");
    fs::create_symlink(make_directory(scratch / "elsewhere", 0700), scratch / "jeton");
    EXPECT_EQ(runtime_directory(none), std::nullopt) << "a symbolic link";
    fs::remove(scratch / "jeton");
    ASSERT_EQ(chmod(scratch.path().c_str(), 0777), 0);
    EXPECT_EQ(runtime_directory(none), std::nullopt) << "anybody could exchange it";
    ASSERT_EQ(chmod(scratch.path().c_str(), 0700), 0);
}

TEST(RuntimeDirectory, ThereMayBeNone) {
    const ScratchDirectory scratch;
    const fs::path none = scratch / "none";
    unsetenv("XDG_RUNTIME_DIR");
    EXPECT_EQ(runtime_directory(none), std::nullopt);
    for (const char* value : {"relative", "/proc/self/status", "/missing"}) {
        const RuntimeVariable bad(value);
        EXPECT_EQ(runtime_directory(none), std::nullopt) << value;
    }
}

TEST(SharedLeaseFile, IsForAllUsersWhateverTheUmask) {
    const ScratchDirectory scratch;
    const fs::path path = make_directory(scratch / "shared", 01777) / "reader.lease";
    const mode_t before = umask(0077);
    LeaseFile file(path);
    EXPECT_EQ(file.lock(soon()), Locked::yes);
    umask(before);
    struct stat status{};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0666U);
    EXPECT_TRUE(file.usable());
}

TEST(SharedLeaseFile, TheRecordOfAnotherUserTellsWhatIsInFlightAlone) {
    const ScratchDirectory scratch;
    const fs::path path = make_directory(scratch / "shared", 01777) / "reader.lease";
    HandoverRecord theirs = fresh_record();
    theirs.uid = geteuid() + 1;
    theirs.next_seq = 77;
    theirs.phase = HandoverRecord::Phase::waiting;
    theirs.flight_seq = 76;
    theirs.slots[0].powered = true;
    theirs.slots[0].holder = 5;
    const RecordBytes bytes = encode_record(theirs);
    std::ofstream(path) << std::string(bytes.begin(), bytes.end());
    LeaseFile file(path);
    ASSERT_EQ(file.lock(soon()), Locked::yes);
    EXPECT_EQ(file.peek(), std::nullopt);
    const auto record = file.load();
    ASSERT_TRUE(record);
    EXPECT_EQ(record->next_seq, 77);
    EXPECT_EQ(record->phase, HandoverRecord::Phase::waiting);
    EXPECT_EQ(record->flight_seq, 76);
    EXPECT_EQ(record->slots[0].holder, 0U);
    EXPECT_FALSE(record->slots[0].powered);
    EXPECT_NE(record->slots[0].power_generation, theirs.slots[0].power_generation);
    EXPECT_NE(record->slots[0].write_generation, theirs.slots[0].write_generation);
}

TEST(SharedLeaseFile, RefusesWhatLeadsElsewhere) {
    const ScratchDirectory scratch;
    const fs::path shared = make_directory(scratch / "shared", 01777);
    std::ofstream(scratch / "precious") << "precious";
    fs::create_symlink(scratch / "precious", shared / "link.lease");
    fs::create_hard_link(scratch / "precious", shared / "name.lease");
    for (const char* name : {"link.lease", "name.lease"}) {
        LeaseFile file(shared / name);
        EXPECT_EQ(file.lock(soon()), Locked::yes);
        EXPECT_FALSE(file.usable()) << name;
        file.store(fresh_record());
    }
    EXPECT_EQ(fs::file_size(scratch / "precious"), 8U);
}

}  // namespace

}  // namespace jeton::reader

#include "reader/lease_file.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reader_under_test.hpp"

namespace jeton::reader {

namespace {

using jeton::test::ScratchDirectory;
using test::soon;
using Locked = LeaseFile::Locked;

HandoverRecord sample_record() {
    HandoverRecord record = fresh_record();
    record.pid = 4711;
    record.uid = geteuid();
    record.next_seq = 255;
    record.phase = HandoverRecord::Phase::waiting;
    record.flight_seq = 254;
    record.flight_slot = 3;
    record.slots[2].holder = random_id();
    record.slots[2].powered = true;
    record.slots[2].tokens = 2;
    record.slots[2].atr = *from_hex("3B80800101");
    return record;
}

void write_text(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path) << text;
}

TEST(HandoverRecord, SurvivesEncoding) {
    const HandoverRecord record = sample_record();
    EXPECT_EQ(decode_record(encode_record(record)), record);
}

TEST(HandoverRecord, RefusesWhatItDidNotWrite) {
    const RecordBytes good = encode_record(sample_record());
    EXPECT_FALSE(decode_record({}));
    EXPECT_FALSE(decode_record(View(good).first(good.size() - 1)));
    Bytes longer = to_bytes(good);
    longer.push_back(0);
    EXPECT_FALSE(decode_record(longer));
    struct Damage {
        std::size_t offset;
        Byte value;
    };
    // magic, version, phase, slot in flight, flags, length of the ATR and what is behind it of the first slot
    for (const Damage& damage : {Damage{0, 'X'}, Damage{4, 1}, Damage{17, 3}, Damage{19, 8},
                                 Damage{24 + 28, 2}, Damage{24 + 32, 34}, Damage{24 + 65, 1}}) {
        RecordBytes bad = good;
        bad[damage.offset] = damage.value;
        EXPECT_FALSE(decode_record(bad)) << damage.offset;
    }
}

TEST(HandoverRecord, FreshOnesShareNothing) {
    const HandoverRecord a = fresh_record();
    const HandoverRecord b = fresh_record();
    EXPECT_NE(a.slots[0].power_generation, b.slots[0].power_generation);
    EXPECT_NE(a.slots[0].write_generation, b.slots[0].write_generation);
    EXPECT_NE(random_id(), random_id());
}

TEST(LeaseFile, IsMadePrivateWithItsDirectory) {
    const ScratchDirectory scratch;
    const auto path = scratch / "run" / "reader.lease";
    LeaseFile file(path);
    ASSERT_EQ(file.lock(soon()), Locked::yes);
    EXPECT_TRUE(file.usable());
    EXPECT_EQ(file.load(), std::nullopt) << "nothing written yet";
    struct stat status{};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    ASSERT_EQ(stat(path.parent_path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700U);
    file.unlock();
}

TEST(LeaseFile, KeepsTheRecordForTheNext) {
    const ScratchDirectory scratch;
    const HandoverRecord record = sample_record();
    {
        LeaseFile file(scratch / "lease");
        ASSERT_EQ(file.lock(soon()), Locked::yes);
        file.store(record);
        file.unlock();
    }
    LeaseFile file(scratch / "lease");
    ASSERT_EQ(file.lock(soon()), Locked::yes);
    EXPECT_EQ(file.load(), record);
}

TEST(LeaseFile, DropsRecordsThatAreDamagedOrOfAnotherUser) {
    const ScratchDirectory scratch;
    HandoverRecord foreign = sample_record();
    foreign.uid = geteuid() + 1;
    const RecordBytes bytes = encode_record(foreign);
    const std::string foreign_text(bytes.begin(), bytes.end());
    for (const std::string& text : {std::string("garbage"), std::string(100000, 'x'), foreign_text}) {
        write_text(scratch / "lease", text);
        LeaseFile file(scratch / "lease");
        ASSERT_EQ(file.lock(soon()), Locked::yes);
        EXPECT_EQ(file.load(), std::nullopt);
        file.store(sample_record());
        EXPECT_TRUE(file.load().has_value()) << "usable again";
    }
}

TEST(LeaseFile, WorksInMemoryWhereNoFileCanBe) {
    const ScratchDirectory scratch;
    write_text(scratch / "plain", "");
    write_text(scratch / "target", "precious");
    std::filesystem::create_symlink(scratch / "target", scratch / "link");
    std::filesystem::create_directory(scratch / "directory");
    ASSERT_EQ(mkfifo((scratch / "fifo").c_str(), 0600), 0);
    const std::filesystem::path paths[] = {
        scratch / "plain" / "lease", scratch / "link", scratch / "directory", scratch / "fifo", {}};
    for (const auto& path : paths) {
        LeaseFile file(path);
        EXPECT_EQ(file.lock(soon()), Locked::yes) << path;
        EXPECT_FALSE(file.usable()) << path;
        EXPECT_EQ(file.load(), std::nullopt);
        const HandoverRecord record = sample_record();
        file.store(record);
        EXPECT_EQ(file.load(), record);
        EXPECT_EQ(file.holder(), "another process");
        file.unlock();
    }
    EXPECT_EQ(std::filesystem::file_size(scratch / "target"), 8U);
}

TEST(LeaseFile, NoticesThatItsFileWasReplaced) {
    const ScratchDirectory scratch;
    LeaseFile file(scratch / "lease");
    ASSERT_EQ(file.lock(soon()), Locked::yes);
    file.store(sample_record());
    file.unlock();
    std::filesystem::remove(scratch / "lease");
    ASSERT_EQ(file.lock(soon()), Locked::yes);
    EXPECT_EQ(file.load(), std::nullopt) << "a new file knows nothing";
    EXPECT_TRUE(std::filesystem::exists(scratch / "lease"));
}

/// A child process that holds the lock until it is killed.
class HoldingChild {
  public:
    explicit HoldingChild(const std::filesystem::path& path) {
        int pipe_ends[2];
        EXPECT_EQ(pipe(pipe_ends), 0);
        m_pid = fork();
        if (m_pid == 0) {
            LeaseFile file(path);
            const char locked = file.lock(soon()) == Locked::yes ? 'y' : 'n';
            [[maybe_unused]] const ssize_t written = write(pipe_ends[1], &locked, 1);
            while (true) {
                pause();
            }
        }
        char locked = 'n';
        EXPECT_EQ(read(pipe_ends[0], &locked, 1), 1);
        EXPECT_EQ(locked, 'y');
        close(pipe_ends[0]);
        close(pipe_ends[1]);
    }
    ~HoldingChild() { end(); }
    HoldingChild(const HoldingChild&) = delete;
    HoldingChild& operator=(const HoldingChild&) = delete;

    void end() {
        if (m_pid > 0) {
            kill(m_pid, SIGKILL);
            waitpid(m_pid, nullptr, 0);
            m_pid = 0;
        }
    }
    pid_t pid() const { return m_pid; }

  private:
    pid_t m_pid = 0;
};

TEST(LeaseFile, IsHeldByOneProcessAndDiesWithIt) {
    const ScratchDirectory scratch;
    HoldingChild child(scratch / "lease");
    LeaseFile file(scratch / "lease");
    const auto start = Deadline::Clock::now();
    EXPECT_EQ(file.lock(Deadline::after(Milliseconds(50))), Locked::no);
    EXPECT_GE(Deadline::Clock::now() - start, Milliseconds(50));
    EXPECT_LT(Deadline::Clock::now() - start, Milliseconds(10000));
    EXPECT_NE(file.holder().find("pid " + std::to_string(child.pid())), std::string::npos) << file.holder();
    child.end();
    EXPECT_EQ(file.lock(soon()), Locked::yes);
}

}  // namespace

}  // namespace jeton::reader

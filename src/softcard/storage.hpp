// Where a card's memory lives: a file, or the process's memory for tests and fuzzing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "util/bytes.hpp"
#include "util/files.hpp"
#include "util/secret.hpp"

namespace jeton::softcard {

/// Version tells one content from another without reading it. A Version from read() or write() keeps the old
/// file's inode from being used again, so that an equal Version always means equal content.
struct Version {
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    std::shared_ptr<const UniqueFd> pin = nullptr;

    bool operator==(const Version& other) const {
        return inode == other.inode && size == other.size && seconds == other.seconds &&
               nanoseconds == other.nanoseconds;
    }
};

struct Content {
    SecretBytes bytes;
    Version version;
};

/// Storage holds one card. It has no state of its own, so that threads may share it.
class Storage {
  public:
    /// most_bytes is the longest content that read() accepts.
    static constexpr std::size_t most_bytes = 8 * 1024 * 1024;

    virtual ~Storage() = default;

    /// name is for messages.
    virtual std::string name() const = 0;

    /// version is that of the present content; nullopt when there is no card.
    virtual std::optional<Version> version() const = 0;

    /// read gives the content; nullopt when there is none or it is not readable.
    virtual std::optional<Content> read() const = 0;

    /// write replaces the content in one step, durable when it returns. Throws std::system_error; the old
    /// content stands then.
    virtual Version write(View bytes) = 0;
};

class FileStorage final : public Storage {
  public:
    /// |file| may be relative to the present working directory.
    explicit FileStorage(const std::filesystem::path& file) : m_file(std::filesystem::absolute(file)) {}

    std::string name() const override { return m_file.string(); }
    std::optional<Version> version() const override;
    std::optional<Content> read() const override;
    Version write(View bytes) override;

  private:
    std::optional<Version> pinned_version() const;

    std::filesystem::path m_file;
};

/// Medium is the content that MemoryStorages share, as processes share a file.
struct Medium {
    std::optional<SecretBytes> bytes;
    std::uint64_t writes = 0;
};

class MemoryStorage final : public Storage {
  public:
    explicit MemoryStorage(std::shared_ptr<Medium> medium) : m_medium(std::move(medium)) {}

    std::string name() const override { return "a card in memory"; }
    std::optional<Version> version() const override;
    std::optional<Content> read() const override;
    Version write(View bytes) override;

  private:
    std::shared_ptr<Medium> m_medium;
};

}  // namespace jeton::softcard

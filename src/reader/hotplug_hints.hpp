// Hints that readers came or went: a descriptor of our own that becomes readable, for whoever waits.
#pragma once

#include <filesystem>
#include <vector>

#include "util/deadline.hpp"
#include "util/files.hpp"

namespace jeton::reader {

/// HotplugHints listens to the kernel's events of devices (netlink, group 1, which needs no udev) and to
/// changes in directories (inotify). An event is a reason to look again and nothing more: it may come before
/// what it tells of can be seen, and where the kernel does not let us listen there is none at all.
class HotplugHints {
  public:
    /// |directories| that are not there are left out.
    explicit HotplugHints(const std::vector<std::filesystem::path>& directories);

    /// wait returns true when a hint came or |stop|, a descriptor, became readable; false after |limit|.
    bool wait(int stop, Milliseconds limit);

  private:
    void drain();

    UniqueFd m_kernel;
    UniqueFd m_files;
};

}  // namespace jeton::reader

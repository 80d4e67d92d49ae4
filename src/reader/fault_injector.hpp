// Faults on purpose, for tests: a Device and a SimulatedCard that behave as those that they wrap until a plan
// (fault_plan.hpp) says otherwise.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "reader/device.hpp"
#include "reader/fault_plan.hpp"
#include "reader/simulated_card.hpp"

namespace jeton::reader {

/// FaultControl follows the plan in one file and knows what became of reader and card. It outlives devices
/// that are closed and opened anew, and belongs to the thread that has the reader.
///
/// The file is looked at again whenever it changed (replace it in one step). A new plan counts messages from
/// 1 and mends everything: the reader is plugged in, the card is put in, without power if it had been out. No
/// file, an empty one and one with a mistake, which the log tells, mean no fault.
class FaultControl {
  public:
    explicit FaultControl(std::filesystem::path plan) : m_file(std::move(plan)) {}

    /// look reads the plan if the file changed; generation() changes with each plan.
    void look();
    std::uint64_t generation() const { return m_generation; }

    /// next_message counts a message, and gives the fault that is due with it, or nullptr. Until the next one
    /// the fault counts for the card as well.
    const Fault* next_message();

    bool plugged() const { return m_plugged; }

    // The card's side.
    enum class InReader { own, none, other };
    InReader in_reader() const { return m_in_reader; }
    const std::string& other_card() const { return m_other_card; }
    std::uint64_t insertion() const { return m_insertion; }

    /// take_status gives the status word that the command at hand is to be answered with, once.
    std::optional<std::uint16_t> take_status();

  private:
    struct FileVersion {
        std::uint64_t inode = 0;
        std::int64_t size = -1;
        std::int64_t seconds = 0;
        std::int64_t nanoseconds = 0;

        bool operator==(const FileVersion&) const = default;
    };

    FileVersion file_version() const;
    void start(FaultPlan plan);
    void put_in(InReader card);

    std::filesystem::path m_file;
    FileVersion m_version;
    FaultPlan m_plan;
    std::uint64_t m_generation = 0;
    std::uint32_t m_messages = 0;
    bool m_plugged = true;
    InReader m_in_reader = InReader::own;
    std::string m_other_card;
    std::uint64_t m_insertion = 0;
    std::optional<std::uint16_t> m_status;
};

/// make_fault_injector wraps |device|. A read that finds nothing waits until its deadline, as on a wire.
std::unique_ptr<Device> make_fault_injector(std::unique_ptr<Device> device,
                                            std::shared_ptr<FaultControl> control);

/// make_faulty_card wraps |card|, which is to be put into the wrapped reader of the same |control|. |insert|
/// gives the card in another file, for swaps.
std::shared_ptr<SimulatedCard> make_faulty_card(
    std::shared_ptr<SimulatedCard> card, std::shared_ptr<FaultControl> control,
    std::function<std::shared_ptr<SimulatedCard>(const std::filesystem::path&)> insert);

}  // namespace jeton::reader

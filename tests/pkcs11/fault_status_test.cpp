// Each status word as the card's answer to each command of each operation: what the application is told. The
// meanings are those of ISO/IEC 7816-4, 5.6 and SP 800-73-4 part 2, 3, put into the terms of PKCS#11.
#include <map>
#include <optional>
#include <set>

#include "pkcs11/fault_checks.hpp"

namespace jeton::test {
namespace {

constexpr CK_RV OK = CKR_OK;
constexpr CK_RV DE = CKR_DEVICE_ERROR;
constexpr CK_RV DM = CKR_DEVICE_MEMORY;
constexpr CK_RV DR = CKR_DEVICE_REMOVED;
constexpr CK_RV TU = CKR_TOKEN_NOT_RECOGNIZED;
constexpr CK_RV PI = CKR_PIN_INCORRECT;
constexpr CK_RV PL = CKR_PIN_LOCKED;
constexpr CK_RV PR = CKR_PIN_LEN_RANGE;
constexpr CK_RV PV = CKR_PIN_INVALID;
constexpr CK_RV PN = CKR_USER_PIN_NOT_INITIALIZED;
constexpr CK_RV NL = CKR_USER_NOT_LOGGED_IN;
constexpr CK_RV GE = CKR_GENERAL_ERROR;
constexpr CK_RV OH = CKR_OBJECT_HANDLE_INVALID;
constexpr CK_RV FF = CKR_FUNCTION_FAILED;
constexpr CK_RV FC = CKR_FUNCTION_CANCELED;
constexpr CK_RV FS = CKR_FUNCTION_NOT_SUPPORTED;
constexpr CK_RV KP = CKR_KEY_FUNCTION_NOT_PERMITTED;
constexpr CK_RV KH = CKR_KEY_HANDLE_INVALID;
constexpr CK_RV DL = CKR_DATA_LEN_RANGE;
constexpr CK_RV DI = CKR_DATA_INVALID;
constexpr CK_RV EL = CKR_ENCRYPTED_DATA_LEN_RANGE;
constexpr CK_RV EI = CKR_ENCRYPTED_DATA_INVALID;
constexpr CK_RV TI = CKR_TEMPLATE_INCONSISTENT;
constexpr CK_RV MI = CKR_MECHANISM_INVALID;
constexpr CK_RV AP = CKR_ACTION_PROHIBITED;
constexpr CK_RV AV = CKR_ATTRIBUTE_VALUE_INVALID;

/// The commands that operations are about: a row of |told| has a code for each.
enum Asked {
    verify,
    change_pin,
    unblock,
    authenticate,
    sign,
    decipher,
    generate,
    write,
    erase,
    read,
    asked_count
};

struct ToldRow {
    std::uint16_t status;
    CK_RV told[asked_count];
};

// Where the answer is OK: the command is repeated with the right length (6Cxx), after a new SELECT (6986,
// 6D00, 6E00) or a new VERIFY (6982), or the word says that it was done, or that there is no such object.
const ToldRow told_rows[] = {
    //       verify chPIN unblk auth  sign  dec   gen   write erase read
    {0x6110, {OK, OK, OK, DE, DE, DE, DE, OK, OK, DE}}, {0x6200, {GE, GE, GE, GE, GE, GE, GE, GE, GE, DE}},
    {0x6281, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}}, {0x6282, {DE, DE, DE, DE, DE, DE, DE, DE, DE, OK}},
    {0x6283, {DE, DE, DE, DE, KP, KP, DE, DE, DE, DE}}, {0x6285, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}},
    {0x6286, {FC, FC, FC, FC, FC, FC, FC, FC, FC, DE}}, {0x6300, {PI, PI, PI, PI, DE, DE, DE, DE, DE, DE}},
    {0x6381, {PI, PI, PI, PI, DE, DE, DE, OK, OK, DE}}, {0x63C2, {PI, PI, PI, PI, DE, DE, DE, DE, DE, DE}},
    {0x63C0, {PL, PL, PL, PL, DE, DE, DE, DE, DE, DE}}, {0x6400, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}},
    {0x6401, {FC, FC, FC, FC, FC, FC, FC, FC, FC, DE}}, {0x6581, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}},
    {0x6600, {FC, FC, FC, FC, FC, FC, FC, FC, FC, DE}}, {0x6700, {PR, PR, PR, PR, DL, EL, DE, DE, DE, DE}},
    {0x6800, {FS, FS, FS, FS, FS, FS, FS, FS, FS, DE}}, {0x6881, {FS, FS, FS, FS, FS, FS, FS, FS, FS, DE}},
    {0x6882, {FS, FS, FS, FS, FS, FS, FS, FS, FS, DE}}, {0x6883, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}},
    {0x6884, {FS, FS, FS, FS, FS, FS, FS, FS, FS, DE}}, {0x6900, {FF, FF, FF, FF, FF, FF, AP, AP, AP, DE}},
    {0x6981, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}}, {0x6982, {FF, FF, NL, PI, OK, OK, NL, NL, NL, OK}},
    {0x6983, {PL, PL, PL, PL, PL, PL, PL, PL, PL, DE}}, {0x6984, {PN, PN, PN, PL, KP, KP, DE, DE, DE, DE}},
    {0x6985, {PN, PN, PN, FF, KP, KP, DE, DE, DE, DE}}, {0x6986, {OK, OK, OK, OK, OK, OK, OK, OK, OK, OK}},
    {0x6987, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}}, {0x6988, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}},
    {0x6A80, {PV, PV, PV, PV, DI, EI, TI, AV, DE, DE}}, {0x6A81, {FS, FS, FS, FS, KP, KP, MI, FS, AP, DE}},
    {0x6A82, {DE, DE, DE, DE, KH, KH, DE, DE, DE, OK}}, {0x6A83, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}},
    {0x6A84, {DM, DM, DM, DM, DM, DM, DM, DM, DM, DE}}, {0x6A85, {FS, FS, FS, FS, DI, EI, FS, FS, FS, DE}},
    {0x6A86, {FS, FS, FS, FS, DI, EI, FS, FS, FS, DE}}, {0x6A87, {FS, FS, FS, FS, DI, EI, FS, FS, FS, DE}},
    {0x6A88, {PV, PV, PV, PV, KH, KH, DE, OH, OH, OK}}, {0x6A89, {DE, DE, DE, DE, DE, DE, AV, AV, AV, DE}},
    {0x6A8A, {DE, DE, DE, DE, DE, DE, AV, AV, AV, DE}}, {0x6B00, {DI, DI, DI, DI, KH, KH, DI, DI, DI, DE}},
    {0x6C10, {DE, DE, DE, OK, OK, OK, OK, OK, OK, OK}}, {0x6D00, {OK, OK, OK, OK, OK, OK, OK, OK, OK, OK}},
    {0x6E00, {OK, OK, OK, OK, OK, OK, OK, OK, OK, OK}}, {0x6F00, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}},
    {0x9E01, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}}, {0x9F10, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}},
};

/// What an operation sends beside the command that it is about, with a few status words each.
constexpr std::uint16_t few[] = {0x6110, 0x6300, 0x6982, 0x6A82, 0x6C10, 0x6D00, 0x6F00};

struct BesideRow {
    const char* command;
    const char* operation;  ///< nullptr: any
    CK_RV told[std::size(few)];
};

const BesideRow beside_rows[] = {
    //                                6110 6300 6982 6A82 6C10 6D00 6F00
    // Refused, the application is selected by another of its names.
    {"select", "recognise", {TU, OK, OK, OK, OK, OK, TU}},
    {"select", nullptr, {DE, OK, OK, OK, OK, OK, DE}},
    // The object with the card's number; a card without it is another one.
    {"read", "recognise", {TU, TU, TU, OK, OK, OK, TU}},
    {"read", "sign after hand-over", {DE, DE, NL, DR, OK, DE, DE}},
    {"pin status", nullptr, {OK, OK, OK, OK, OK, OK, OK}},
    {"metadata", nullptr, {DE, OK, OK, OK, OK, OK, DE}},
    {"stored key", nullptr, {DE, DE, OK, NL, OK, OK, DE}},
    {"read", nullptr, {DE, DE, NL, OK, OK, OK, DE}},
    {"authenticate", nullptr, {DE, NL, NL, DE, OK, OK, DE}},
    {"write", nullptr, {OK, DE, NL, OK, OK, OK, DE}},  // 6A82: the card keeps no key history
    {"generate", nullptr, {DE, DE, NL, DE, OK, OK, DE}},
    // The PIN that was right at the login is not tried again when the card does not take it.
    {"verify", "sign after hand-over", {NL, NL, NL, NL, NL, OK, NL}},
    {"sign", "sign after hand-over", {DE, DE, NL, KH, OK, OK, DE}},
};

struct AboutRow {
    const char* operation;
    const char* command;
    Asked asked;
};

const AboutRow about_rows[] = {
    {"login", "verify", verify},
    {"change PIN", "change PIN", change_pin},
    {"unblock", "unblock", unblock},
    {"login as SO", "authenticate", authenticate},
    {"sign", "sign", sign},
    {"decrypt", "sign", decipher},
    {"generate", "generate", generate},
    {"write certificate", "write", write},
    {"delete certificate", "write", erase},
    {"list", "read", read},
};

constexpr const char* names[] = {"recognise",
                                 "list",
                                 "login",
                                 "login as SO",
                                 "sign",
                                 "decrypt",
                                 "generate",
                                 "change PIN",
                                 "write certificate",
                                 "delete certificate",
                                 "unblock",
                                 "sign after hand-over",
                                 "generate, retired slot"};

constexpr int last_message = 100;

/// command_name names the APDU with this header and so many bytes behind it.
std::string command_name(View header, std::size_t rest, std::string_view logged) {
    switch (header[1]) {
        case 0x20:
            return rest == 0 ? "pin status" : "verify";
        case 0x24:
            return "change PIN";
        case 0x2C:
            return "unblock";
        case 0x47:
            return "generate";
        case 0x87:
            return header[3] == 0x9B ? "authenticate" : "sign";
        case 0xA4:
            return "select";
        case 0xCB:
            return logged.find("5FC109") != std::string_view::npos ? "stored key" : "read";
        case 0xDB:
            return "write";
        case 0xF7:
            return "metadata";
        default:
            return "another";
    }
}

/// met_command is the command that the card did not carry out, from the log: the last one before the fault.
std::optional<std::string> met_command(const Bench& bench) {
    const std::string log = bench.log();
    const auto fault = log.find("\" meets message 6F");
    const auto begin = log.rfind(" > ", fault);
    if (fault == std::string::npos || begin == std::string::npos) {
        return std::nullopt;
    }
    const std::string line = log.substr(begin + 3, log.find('\n', begin) - begin - 3);
    const auto header = from_hex(line.substr(0, 8));
    const auto bracket = line.find('[');
    const std::size_t rest = bracket == std::string::npos
                                 ? line.size() / 2 - 4
                                 : std::strtoul(line.c_str() + bracket + 1, nullptr, 10);
    return header ? std::optional(command_name(*header, rest, line)) : std::nullopt;
}

/// misleads: a card that says that it is done without having done it, or that it has no key history when it
/// has one, cannot be helped.
bool misleads(std::uint16_t status, CK_RV told) {
    return status >> 8 == 0x61 || status == 0x6381 || (status == 0x6A82 && told == OK);
}

/// Case is one operation in which the card answers one command with a status word.
class Case {
  public:
    Case(Bench& bench, const Operation& operation, Stopwatch& stopwatch)
        : m_bench(bench), m_operation(operation), m_stopwatch(stopwatch) {}

    void run(int message, const std::string& command, std::uint16_t status, CK_RV told) {
        m_bench.begin(m_operation.card, m_operation.exchange);
        m_operation.prepare(m_bench);
        m_bench.plan(fmt::format("status {} {:04X}", message, status));
        const CK_RV rv = m_stopwatch.time("the operation", [&] { return m_operation.run(m_bench); });
        require_that(met_command(m_bench) == command, "another command was met");
        require_one_of(rv, {told}, "the operation");
        require_counters(m_bench, "after the operation");
        insert_anew();
        start_anew(m_bench, m_stopwatch);
        if (m_operation.check != nullptr && !misleads(status, told)) {
            m_operation.check(m_bench, CKR_GENERAL_ERROR);  // it did not carry out one of the commands
        }
        require_counters(m_bench, "in the end");
    }

  private:
    /// insert_anew takes the card out and puts it in, which ends what followed from its words.
    void insert_anew() {
        m_bench.plan("pull 1");
        CK_SLOT_INFO info{};
        m_bench->C_GetSlotInfo(m_bench.slot(), &info);
        require_that((info.flags & CKF_TOKEN_PRESENT) == 0, "the card is still there");
        m_bench.no_plan();
        if (m_bench.pin != SoftCards::pin) {  // the card said that the PIN was changed
            m_bench.pin_in_doubt = std::exchange(m_bench.pin, SoftCards::pin);
        }
    }

    Bench& m_bench;
    const Operation& m_operation;
    Stopwatch& m_stopwatch;
};

/// commands_of gives the names of the commands that |operation| sends, by the number of the message.
std::map<int, std::string> commands_of(Bench& bench, const Operation& operation) {
    std::map<int, std::string> commands;
    for (int message = 1; message <= last_message; ++message) {
        bench.begin(operation.card, operation.exchange);
        operation.prepare(bench);
        bench.plan(fmt::format("double {}", message));
        require_one_of(operation.run(bench), {OK}, operation.name);
        const bool met = bench.met().has_value();
        if (const auto command = met ? met_command(bench) : std::nullopt) {
            commands[message] = *command;
        }
        bench.end();
        if (!met) {
            return commands;
        }
    }
    throw std::runtime_error("there is no end of messages");
}

struct Told {
    std::uint16_t status;
    CK_RV rv;
};

/// told_of gives what the application is to be told: all status words for the command that |operation| is
/// about, a few for the others.
std::vector<Told> told_of(const Operation& operation, const std::string& command) {
    std::vector<Told> out;
    const auto* about = std::ranges::find(about_rows, std::string_view(operation.name), &AboutRow::operation);
    if (about != std::end(about_rows) && command == about->command) {
        for (const ToldRow& row : told_rows) {
            out.push_back({row.status, row.told[about->asked]});
        }
        return out;
    }
    const auto* beside = std::ranges::find_if(beside_rows, [&](const BesideRow& row) {
        return command == row.command &&
               (row.operation == nullptr || row.operation == std::string_view(operation.name));
    });
    require_that(beside != std::end(beside_rows), "there is no row for the command \"" + command + "\"");
    for (std::size_t i = 0; i < std::size(few); ++i) {
        out.push_back({few[i], beside->told[i]});
    }
    return out;
}

void run_cell(const CardTemplates& templates, const Operation& operation, int message,
              const std::string& command, const std::vector<Told>& told, Matrix::Cell& cell) {
    Bench bench(templates);
    Case one(bench, operation, cell.stopwatch);
    for (const auto& [status, rv] : told) {
        cell.run_case(fmt::format("status {} {:04X}", message, status), bench,
                      [&, sw = status, expected = rv] {
                          one.run(message, command, sw, expected);
                          return true;
                      });
    }
}

TEST(StatusMatrix, each_status_word_to_each_command_of_each_operation) {
    const CardTemplates templates(fault_kinds().front());
    const std::vector<Operation> all = operations(templates.kind());
    Matrix matrix("status matrix");
    for (const char* name : names) {
        const auto found = std::ranges::find(all, std::string_view(name), &Operation::name);
        ASSERT_NE(found, all.end()) << name;
        const Operation& operation = *found;
        Bench bench(templates);
        std::set<std::string> before;
        for (const auto& [number, name_of_command] : commands_of(bench, operation)) {
            std::vector<Told> told = told_of(operation, name_of_command);
            if (!before.insert(name_of_command).second) {  // once more: the few will do
                std::erase_if(
                    told, [](const Told& it) { return std::ranges::find(few, it.status) == std::end(few); });
            }
            matrix.add(
                name, fmt::format("{} {}", number, name_of_command),
                [&templates, &operation, message = number, command = name_of_command, told = std::move(told)](
                    Matrix::Cell& cell) { run_cell(templates, operation, message, command, told, cell); });
        }
    }
    matrix.run();
}

}  // namespace
}  // namespace jeton::test

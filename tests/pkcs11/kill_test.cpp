// Two processes that write to one software card are killed at random moments, again and again. Afterwards the
// card opens, every object that was reported as written is there, and no counter went up by itself.
#include <fcntl.h>
#include <fmt/core.h>
#include <fstream>
#include <iostream>
#include <map>
#include <new>
#include <random>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkcs11/fault_bench.hpp"
#include "pkcs11/kill_writer.hpp"
#include "softcard/store.hpp"
#include "util/deadline.hpp"
#include "util/files.hpp"

namespace jeton::test {
namespace {

constexpr int kills = 500;
constexpr int longest_life = 40;        ///< milliseconds of work
constexpr unsigned longest_test = 240;  ///< seconds
constexpr int quiet_period = 16;        ///< rounds; in half of them nobody enters anything right

/// Model is what the reports say of one object.
struct Model {
    std::string content;   ///< empty: was never there
    bool writing = false;  ///< a call was begun and did not return
    std::string next;      ///< what it writes; "-" when only the card knows
};

class Victim {
  public:
    Victim(Board& board, std::size_t number, std::uint32_t seed) {
        int ends[2] = {-1, -1};
        if (pipe2(ends, O_CLOEXEC) != 0) {
            throw std::runtime_error("pipe");
        }
        m_pid = fork();
        if (m_pid == 0) {
            close(ends[0]);
            alarm(longest_test);
            run_writer(board, number, seed, ends[1]);
        }
        close(ends[1]);
        m_reports = UniqueFd(ends[0]);
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
    }

    ~Victim() { end(); }
    Victim(const Victim&) = delete;
    Victim& operator=(const Victim&) = delete;

    /// end kills the process, and gives the reports that are left.
    std::vector<Report> end() {
        if (m_pid > 0) {
            kill(m_pid, SIGKILL);
            waitpid(m_pid, nullptr, 0);
            m_pid = 0;
        }
        return reports();
    }

    /// reports gives what came since the last call.
    std::vector<Report> reports() {
        char buffer[4096];
        for (ssize_t got = 0; (got = read(m_reports.get(), buffer, sizeof buffer)) > 0;) {
            m_text.append(buffer, static_cast<std::size_t>(got));
        }
        std::vector<Report> out;
        for (std::size_t end = 0; (end = m_text.find('\n')) != std::string::npos;) {
            out.push_back(from_line(m_text.substr(0, end)));
            m_text.erase(0, end + 1);
        }
        return out;
    }

  private:
    pid_t m_pid = 0;
    UniqueFd m_reports;
    std::string m_text;
};

/// Sum is the attempts of all writers, and the judge's own.
struct Sum {
    std::uint32_t begun = 0;
    std::uint32_t done = 0;
};

/// Judge owns the card, watches the writers and looks at what they leave.
class Judge {
  public:
    explicit Judge(std::uint32_t seed) : m_random(seed) {
        softcard::create(m_scratch.path(), {.name = "test",
                                            .applets = {"piv"},
                                            .management_key = *from_hex(kill_management_key),
                                            .pin_iterations = 10});
        const auto config = m_scratch / "jeton.json";
        std::ofstream(config) << R"({"readers": {"access": "none"}, "overwrite": true})";
        setenv("JETON_STATE_DIR", m_scratch.path().c_str(), 1);
        setenv("JETON_CONFIG", config.c_str(), 1);
        void* memory =
            mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            throw std::bad_alloc();
        }
        m_board = ::new (memory) Board();
        m_client = std::make_unique<Client>();
        for (std::size_t i = 0; i < Board::writers; ++i) {
            spawn(i);
        }
        m_counters = look_at_counters();
    }

    ~Judge() {
        for (auto& victim : m_victims) {
            victim.reset();
        }
        munmap(m_board, sizeof(Board));
    }
    Judge(const Judge&) = delete;
    Judge& operator=(const Judge&) = delete;

    /// round lets the writers live for a while, kills one or both, and looks.
    void round() {
        m_board->quiet = ++m_rounds % quiet_period >= quiet_period / 2;
        wait_for_writers();
        usleep(static_cast<useconds_t>(m_random() % (longest_life * 1000)));
        const std::size_t first = m_random() % Board::writers;
        const bool both = m_random() % 4 == 0;
        kill_writer(first);
        if (both) {
            kill_writer(1 - first);
        }
        look(first);
        if (both) {
            look(1 - first);
        } else {
            take(m_victims[1 - first]->reports());
        }
        judge_counters();
        spawn(first);
        if (both) {
            spawn(1 - first);
        }
    }

    int killed = 0;
    std::map<std::string, int> caught;  ///< how many were killed in the middle of what
    std::map<std::string, int> strict;  ///< looks at a counter that had no reason to go up

  private:
    void wait_for_writers() const {
        const Deadline deadline = Deadline::after(Milliseconds(20000));
        for (const Board::PerWriter& writer : m_board->per_writer) {
            while (!writer.working && !deadline.passed()) {
                usleep(200);
            }
            EXPECT_TRUE(writer.working) << "a writer does not start";
        }
    }

    void spawn(std::size_t number) {
        m_board->per_writer[number].working = false;
        m_victims[number] =
            std::make_unique<Victim>(*m_board, number, static_cast<std::uint32_t>(m_random()));
    }

    void kill_writer(std::size_t number) {
        take(m_victims[number]->end());
        ++killed;
        Board::PerWriter& own = m_board->per_writer[number];
        const char* caught_at = "something between";
        for (Tries* tries : {&own.pin, &own.puk}) {
            for (Attempts* attempts : {&tries->right, &tries->wrong}) {
                if (attempts->begun != attempts->done) {
                    caught_at = tries == &own.pin ? "a PIN" : "a PUK";
                }
            }
        }
        for (const unsigned id : ids_of(number)) {
            if (m_models[{Report::What::key, id}].writing) {
                caught_at = "a key";
            } else if (m_models[{Report::What::certificate, certificate_id(id)}].writing) {
                caught_at = "a certificate";
            }
        }
        ++caught[caught_at];
        settle(own.pin);
        settle(own.puk);
    }

    /// settle: what the dead left unfinished will not go on.
    static void settle(Tries& tries) {
        tries.right.done = tries.right.begun.load();
        tries.wrong.done = tries.wrong.begun.load();
    }

    void take(const std::vector<Report>& reports) {
        for (const Report& report : reports) {
            if (report.what == Report::What::failure) {
                ADD_FAILURE() << report.content;
                continue;
            }
            Model& model = m_models[{report.what, report.id}];
            model.writing = !report.done;
            if (report.done) {
                model.content = report.content;
            } else {
                model.next = report.content;
            }
        }
    }

    /// look compares the objects of a dead writer with its reports.
    void look(std::size_t number) {
        CK_TOKEN_INFO info{};
        EXPECT_EQ((*m_client)->C_GetTokenInfo(m_client->slot(), &info), CKR_OK);
        for (const unsigned id : ids_of(number)) {
            compare(Report::What::key, id, read(CKO_PUBLIC_KEY, CKA_EC_POINT, id));
            const unsigned beside = certificate_id(id);
            compare(Report::What::certificate, beside, read(CKO_CERTIFICATE, CKA_VALUE, beside));
        }
    }

    std::string read(CK_OBJECT_CLASS object_class, CK_ATTRIBUTE_TYPE attribute, unsigned id) {
        const Byte byte = static_cast<Byte>(id);
        const auto found = m_client->find({number(CKA_CLASS, object_class), bytes(CKA_ID, View(&byte, 1))});
        EXPECT_LE(found.size(), 1U);
        return found.empty() ? std::string() : to_hex(m_client->attribute(found[0], attribute));
    }

    void compare(Report::What what, unsigned id, const std::string& content) {
        Model& model = m_models[{what, id}];
        const bool as_reported = content == model.content;
        const bool as_begun =
            model.writing && !content.empty() && (model.next == "-" || content == model.next);
        EXPECT_TRUE(as_reported || as_begun)
            << (what == Report::What::key ? "key " : "certificate ") << id << ": " << content
            << " instead of " << model.content << (model.writing ? " or of what was being written" : "");
        model.content = content;
        model.writing = false;
    }

    Sum sum(Attempts Tries::* attempts, Tries Board::PerWriter::* tries) const {
        Sum out;
        for (const Board::PerWriter& one : m_board->per_writer) {
            out.done += (one.*tries.*attempts).done;
            out.begun += (one.*tries.*attempts).begun;
        }
        return out;
    }

    /// Look is a counter, with the attempts that were done before and those begun until after it was read.
    struct Look {
        int tries = 0;
        std::uint32_t right_done = 0, right_begun = 0, wrong_done = 0, wrong_begun = 0;
    };
    struct Looks {
        Look pin;
        Look puk;
    };

    Looks look_at_counters() {
        Looks looks;
        const auto note = [&](Look& look, Tries Board::PerWriter::* tries, bool before) {
            const Sum right = sum(&Tries::right, tries);
            const Sum wrong = sum(&Tries::wrong, tries);
            if (before) {
                look.right_done = right.done;
                look.wrong_done = wrong.done;
            } else {
                look.right_begun = right.begun;
                look.wrong_begun = wrong.begun;
            }
        };
        note(looks.pin, &Board::PerWriter::pin, true);
        note(looks.puk, &Board::PerWriter::puk, true);
        const Counters counters = read_counters(m_scratch / "test.softcard");
        note(looks.pin, &Board::PerWriter::pin, false);
        note(looks.puk, &Board::PerWriter::puk, false);
        looks.pin.tries = counters.pin;
        looks.puk.tries = counters.puk;
        return looks;
    }

    /// judge compares a counter with what it was: between the two looks it may go down by a wrong entry each,
    /// and up only by a right one.
    void judge(const char* name, const Look& before, const Look& now) {
        EXPECT_GE(now.tries, 0) << name << ": the card does not tell";
        const bool right = now.right_begun != before.right_done;
        const int wrong = static_cast<int>(now.wrong_begun - before.wrong_done);
        if (!right) {
            ++strict[name];
            EXPECT_LE(now.tries, before.tries) << name << ": tries came back";
            EXPECT_GE(now.tries, before.tries - wrong)
                << name << ": tries went, and nobody entered a wrong one";
        }
    }

    void judge_counters() {
        const Looks now = look_at_counters();
        judge("PIN", m_counters.pin, now.pin);
        judge("PUK", m_counters.puk, now.puk);
        m_counters = now;
        if (now.pin.tries <= 1 || now.puk.tries < 3) {
            unblock();
        }
    }

    /// unblock gives PIN and PUK their tries back, so that the writers can go on.
    void unblock() {
        EXPECT_EQ(m_client->login(SoftCards::puk, CKU_SO), CKR_OK);
        std::string pin = SoftCards::pin;
        EXPECT_EQ((*m_client)->C_InitPIN(m_client->session(), reinterpret_cast<CK_UTF8CHAR_PTR>(pin.data()),
                                         pin.size()),
                  CKR_OK);
        EXPECT_EQ((*m_client)->C_Logout(m_client->session()), CKR_OK);
        m_counters = look_at_counters();
    }

    const ScratchDirectory m_scratch;
    std::mt19937 m_random;
    Board* m_board = nullptr;
    std::unique_ptr<Client> m_client;
    std::array<std::unique_ptr<Victim>, Board::writers> m_victims;
    std::map<std::pair<Report::What, unsigned>, Model> m_models;
    Looks m_counters;
    int m_rounds = 0;
};

TEST(KillTest, nothing_that_was_written_is_lost_and_no_try_comes_back) {
    alarm(longest_test);
    const char* given = std::getenv("JETON_KILL_SEED");
    const auto seed = given != nullptr ? static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10))
                                       : std::random_device()();
    std::cout << "seed " << seed << " (JETON_KILL_SEED=" << seed << " takes the same again)" << std::endl;
    Judge judge(seed);
    while (judge.killed < kills && !testing::Test::HasFailure()) {
        judge.round();
    }
    for (const auto& [what, count] : judge.caught) {
        std::cout << fmt::format("{:>4} killed at {}\n", count, what);
    }
    for (const auto& [name, count] : judge.strict) {
        std::cout << fmt::format("{:>4} looks at the {} while nobody entered a right one\n", count, name);
        EXPECT_GT(count, 0);
    }
    std::cout << fmt::format("kills: {} of {}\n", judge.killed, kills);
    alarm(0);
}

}  // namespace
}  // namespace jeton::test

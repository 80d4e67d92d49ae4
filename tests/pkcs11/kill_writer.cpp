#include "pkcs11/kill_writer.hpp"

#include <fmt/core.h>
#include <random>
#include <sstream>
#include <unistd.h>

namespace jeton::test {

namespace {

CK_UTF8CHAR_PTR characters(std::string& text) {
    return reinterpret_cast<CK_UTF8CHAR_PTR>(text.data());
}

/// Begun counts an attempt as done when it ends; a killed process never gets there.
class Begun {
  public:
    explicit Begun(Attempts& attempts) : m_attempts(attempts) { ++m_attempts.begun; }
    ~Begun() { ++m_attempts.done; }
    Begun(const Begun&) = delete;
    Begun& operator=(const Begun&) = delete;

  private:
    Attempts& m_attempts;
};

class Writer {
  public:
    Writer(Board& board, std::size_t number, std::uint32_t seed, int pipe)
        : m_board(board), m_number(number), m_random(seed), m_pipe(pipe), m_f(jeton().f) {}

    void start() {
        require(m_f->C_Initialize(nullptr), CKR_OK, "C_Initialize");
        CK_SLOT_ID slot = 0;
        CK_ULONG count = 1;
        require(m_f->C_GetSlotList(CK_FALSE, &slot, &count), CKR_OK, "C_GetSlotList");
        require(m_f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &m_session),
                CKR_OK, "C_OpenSession");
    }

    void work() {
        m_board.per_writer[m_number].working = true;
        const auto choice = m_random() % 4;
        if (choice < 2) {
            write();
        } else if (choice == 2 || m_number != 0) {
            enter_pins();
        } else {
            enter_puks();
        }
    }

  private:
    Tries& pin() { return m_board.per_writer[m_number].pin; }
    Tries& puk() { return m_board.per_writer[m_number].puk; }

    /// require ends the process with a report when |rv| is not what was expected.
    void require(CK_RV rv, CK_RV expected, const char* doing) {
        if (rv != expected) {
            report({.what = Report::What::failure, .content = fmt::format("{}: CKR {:#x}", doing, rv)});
            _exit(1);
        }
    }

    void report(const Report& what) {
        const std::string line = to_line(what);
        if (::write(m_pipe, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
            _exit(2);
        }
    }

    CK_RV login(std::string secret, CK_USER_TYPE user) {
        return m_f->C_Login(m_session, user, characters(secret), secret.size());
    }

    void logout() { require(m_f->C_Logout(m_session), CKR_OK, "C_Logout"); }

    void write() {
        require(login(kill_management_key, CKU_SO), CKR_OK, "login with the management key");
        for (int i = 0; i < 3; ++i) {
            const unsigned id = ids_of(m_number).at(m_random() % 2);
            if (m_random() % 2 == 0) {
                generate(id);
            } else {
                write_certificate(certificate_id(id));
            }
        }
        logout();
    }

    void generate(unsigned id) {
        report({.what = Report::What::key, .id = id});
        const Byte byte = static_cast<Byte>(id);
        TemplateOf public_template{flag(CKA_TOKEN, true), bytes(CKA_EC_PARAMS, p256_params())};
        TemplateOf private_template{flag(CKA_TOKEN, true), bytes(CKA_ID, View(&byte, 1))};
        CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
        CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
        CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
        require(m_f->C_GenerateKeyPair(m_session, &mechanism, public_template.data(), public_template.size(),
                                       private_template.data(), private_template.size(), &public_key,
                                       &private_key),
                CKR_OK, "C_GenerateKeyPair");
        Bytes point(100);
        CK_ATTRIBUTE attribute{CKA_EC_POINT, point.data(), point.size()};
        require(m_f->C_GetAttributeValue(m_session, public_key, &attribute, 1), CKR_OK,
                "C_GetAttributeValue");
        report({.done = true,
                .what = Report::What::key,
                .id = id,
                .content = to_hex(View(point).first(attribute.ulValueLen))});
    }

    void write_certificate(unsigned id) {
        const Bytes value = written_certificate(id, static_cast<std::uint32_t>(m_random()));
        report({.what = Report::What::certificate, .id = id, .content = to_hex(value)});
        const Byte byte = static_cast<Byte>(id);
        TemplateOf object{number(CKA_CLASS, CKO_CERTIFICATE), flag(CKA_TOKEN, true),
                          bytes(CKA_ID, View(&byte, 1)), bytes(CKA_VALUE, value)};
        CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
        require(m_f->C_CreateObject(m_session, object.data(), object.size(), &handle), CKR_OK,
                "C_CreateObject");
        report({.done = true, .what = Report::What::certificate, .id = id, .content = to_hex(value)});
    }

    /// The two writers and what killed ones left may use up all tries together.
    void enter_pins() {
        {
            const Begun attempt(pin().wrong);
            const CK_RV rv = login(wrong_pin, CKU_USER);
            require(rv == CKR_PIN_LOCKED ? CKR_PIN_INCORRECT : rv, CKR_PIN_INCORRECT,
                    "login with a wrong PIN");
        }
        if (!m_board.quiet) {
            const Begun attempt(
                pin().right);  // until the logout: a login is proved again after each hand-over
            const CK_RV rv = login(SoftCards::pin, CKU_USER);
            require(rv == CKR_PIN_LOCKED ? CKR_OK : rv, CKR_OK, "login with the right PIN");
            if (rv == CKR_OK) {
                logout();
            }
        }
    }

    /// One writer alone uses the PUK. Killed at a right entry it leaves two tries used: the card writes a try
    /// down as used before it compares.
    void enter_puks() {
        if (m_board.quiet) {
            return;
        }
        {
            const Begun attempt(puk().wrong);
            require(login(wrong_puk, CKU_SO), CKR_OK, "login with a PUK");  // which cannot be verified yet
            require(init_pin(), CKR_PIN_INCORRECT, "C_InitPIN with a wrong PUK");
        }
        const Begun attempt(puk().right);
        const Begun also(pin().right);
        m_f->C_Logout(m_session);
        require(login(SoftCards::puk, CKU_SO), CKR_OK, "login with a PUK");
        require(init_pin(), CKR_OK, "C_InitPIN with the right PUK");
        logout();
    }

    CK_RV init_pin() {
        std::string same = SoftCards::pin;
        return m_f->C_InitPIN(m_session, characters(same), same.size());
    }

    Board& m_board;
    const std::size_t m_number;
    std::mt19937 m_random;
    const int m_pipe;
    CK_FUNCTION_LIST_3_2* m_f;
    CK_SESSION_HANDLE m_session = CK_INVALID_HANDLE;
};

}  // namespace

std::string to_line(const Report& report) {
    return fmt::format("{} {} {} {}\n", report.done ? 1 : 0, static_cast<int>(report.what), report.id,
                       report.content.empty() ? "-" : report.content);
}

Report from_line(const std::string& line) {
    std::istringstream words(line);
    int done = 0;
    int what = 0;
    Report report;
    words >> done >> what >> report.id;
    report.done = done != 0;
    report.what = static_cast<Report::What>(what);
    std::getline(words >> std::ws, report.content);
    return report;
}

Bytes written_certificate(unsigned id, std::uint32_t number) {
    const Bytes key = *from_hex(
        "3059301306072A8648CE3D020106082A8648CE3D03010703420004"
        "6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
        "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5");
    return self_signed(key, fmt::format("{} {}", id, number), number % 400);
}

std::array<unsigned, 2> ids_of(std::size_t number) {
    return number == 0 ? std::array<unsigned, 2>{1, 3} : std::array<unsigned, 2>{2, 4};
}

void run_writer(Board& board, std::size_t number, std::uint32_t seed, int pipe) {
    Writer writer(board, number, seed, pipe);
    writer.start();
    while (true) {
        writer.work();
    }
}

}  // namespace jeton::test

#include "pkcs11/fault_operations.hpp"

#include "pkcs11/fault_checks.hpp"

namespace jeton::test {

namespace {

constexpr const char* new_pin = "24680246";
constexpr Byte usual_slot = 4;
constexpr Byte retired_slot = 5;

void prepare_nothing(Bench&) {}

void prepare_session(Bench& bench) {
    require_ok(bench.open(), "open");
}

CK_RV list(Bench& bench) {
    std::vector<CK_OBJECT_HANDLE> found;
    return bench.find({}, found);
}

CK_RV token_info(Bench& bench) {
    CK_TOKEN_INFO info{};
    return bench->C_GetTokenInfo(bench.slot(), &info);
}

void prepare_key_2(Bench& bench) {
    bench.prepare_user();
    require_ok(bench.find_one(CKO_PRIVATE_KEY, 2, bench.object), "find");
}

/// Key 2 wants the PIN for each signature.
CK_RV sign_with_pin(Bench& bench) {
    CK_MECHANISM mechanism{CKM_ECDSA_SHA256, nullptr, 0};
    Bytes data{1, 2, 3};
    Bytes signature(64);
    CK_ULONG length = signature.size();
    CK_RV rv = bench->C_SignInit(bench.session(), &mechanism, bench.object);
    if (rv == CKR_OK) {
        rv = bench.login(bench.pin, CKU_CONTEXT_SPECIFIC);
    }
    return rv != CKR_OK ? rv
                        : bench->C_Sign(bench.session(), data.data(), data.size(), signature.data(), &length);
}

std::size_t count(Bench& bench, CK_OBJECT_CLASS object_class) {
    std::vector<CK_OBJECT_HANDLE> all;
    require_ok(bench.find({number(CKA_CLASS, object_class)}, all), "list");
    return all.size();
}

/// find_listed finds an object that a list of its class has as well: with |others| more.
CK_OBJECT_HANDLE find_listed(Bench& bench, CK_OBJECT_CLASS object_class, Byte id, std::size_t others) {
    const std::size_t listed = count(bench, object_class);
    CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
    require_ok(bench.find_one(object_class, id, found), "find");
    require_that(listed == others + (found == CK_INVALID_HANDLE ? 0 : 1),
                 fmt::format("{} objects are listed, and the new one is {}", listed,
                             found == CK_INVALID_HANDLE ? "not there" : "there"));
    return found;
}

/// A key is not there, and can be made; or it is there as a whole, and signs.
void check_made(Bench& bench, CK_RV rv, Byte id, CK_RV (Bench::*make)(Byte) const) {
    const CK_OBJECT_HANDLE found = find_listed(bench, CKO_PRIVATE_KEY, id, 3);
    require_that(rv != CKR_OK || found != CK_INVALID_HANDLE, "the key is not there though it was made");
    if (found == CK_INVALID_HANDLE) {
        require_ok((bench.*make)(id), "the second try to make the key");
        find_listed(bench, CKO_PRIVATE_KEY, id, 3);
    }
    if (id == usual_slot) {  // the keys of retired slots do not sign
        require_ok(bench.sign_and_verify(id), "sign with the new key");
    }
    require_that(count(bench, CKO_CERTIFICATE) == 1, "there is a certificate that nobody wrote");
}

void check_written(Bench& bench, CK_RV rv, Byte id) {
    CK_OBJECT_HANDLE found = find_listed(bench, CKO_CERTIFICATE, id, 1);
    require_that(rv != CKR_OK || found != CK_INVALID_HANDLE,
                 "the certificate is not there though it was written");
    if (found == CK_INVALID_HANDLE) {
        require_ok(bench.write_certificate(id), "the second try to write the certificate");
        found = find_listed(bench, CKO_CERTIFICATE, id, 1);
    }
    Bytes value;
    require_ok(bench.read_certificate(found, value), "read the certificate");
    require_that(value == bench.certificate(), "the certificate is another one");
}

void prepare_key_deletion(Bench& bench) {
    bench.prepare_user();
    require_ok(bench.generate(usual_slot), "generate");
    require_ok(bench.find_one(CKO_PRIVATE_KEY, usual_slot, bench.object), "find");
}

void check_key_deleted(Bench& bench, CK_RV rv) {
    const CK_OBJECT_HANDLE found = find_listed(bench, CKO_PRIVATE_KEY, usual_slot, 3);
    require_that(rv != CKR_OK || found == CK_INVALID_HANDLE, "the key is there though it was deleted");
    if (found != CK_INVALID_HANDLE) {
        require_ok(bench.sign_and_verify(usual_slot), "sign with the key that was not deleted");
        require_ok(bench->C_DestroyObject(bench.session(), found), "the second try to delete it");
        require_that(find_listed(bench, CKO_PRIVATE_KEY, usual_slot, 3) == CK_INVALID_HANDLE,
                     "the key is still there");
    }
}

CK_RV destroy(Bench& bench) {
    return bench->C_DestroyObject(bench.session(), bench.object);
}

void prepare_deletion(Bench& bench) {
    bench.prepare_user();
    require_ok(bench.find_one(CKO_CERTIFICATE, 1, bench.object), "find");
}

void check_deleted(Bench& bench, CK_RV rv) {
    CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
    require_ok(bench.find_one(CKO_CERTIFICATE, 1, found), "find the certificate");
    require_that(rv != CKR_OK || found == CK_INVALID_HANDLE,
                 "the certificate is there though it was deleted");
    if (found != CK_INVALID_HANDLE) {
        require_ok(bench->C_DestroyObject(bench.session(), found), "the second try to delete it");
        require_ok(bench.find_one(CKO_CERTIFICATE, 1, found), "find the certificate");
        require_that(found == CK_INVALID_HANDLE, "the certificate is still there");
    }
}

/// with_new_pin notes what PIN the card has after |rv|.
CK_RV with_new_pin(Bench& bench, CK_RV rv) {
    if (rv == CKR_OK) {
        bench.pin = new_pin;
    } else {
        bench.pin_in_doubt = new_pin;
    }
    return rv;
}

void prepare_unblocking(Bench& bench) {
    require_ok(bench.open(), "open");
    require_ok(bench.login(SoftCards::puk, CKU_SO), "login with the PUK");
}

void prepare_hand_over(Bench& bench) {
    bench.prepare_user();
    bench.let_another_process_use_the_card();
}

// To add an operation: a row here, with what it needs above.
constexpr Operation rows[] = {
    {.name = "recognise",
     .kind = Operation::Kind::finding,
     .prepare = prepare_nothing,
     .run = [](Bench& it) { return it.open(); }},
    {.name = "token info", .kind = Operation::Kind::looking, .prepare = prepare_session, .run = token_info},
    {.name = "list", .prepare = prepare_session, .run = list},
    {.name = "login", .prepare = prepare_session, .run = [](Bench& it) { return it.login(it.pin); }},
    {.name = "login as SO",
     .prepare = prepare_session,
     .run = [](Bench& it) { return it.login(CardTemplates::management_key, CKU_SO); },
     .card = "managed"},
    {.name = "sign",
     .prepare = [](Bench& it) { it.prepare_user(); },
     .run = [](Bench& it) { return it.sign(it.key); }},
    {.name = "sign after hand-over",
     .prepare = prepare_hand_over,
     .run = [](Bench& it) { return it.sign(it.key); }},
    {.name = "sign, PIN each time", .prepare = prepare_key_2, .run = sign_with_pin},
    {.name = "decrypt",
     .prepare = [](Bench& it) { it.prepare_decryption(); },
     .run = [](Bench& it) { return it.decrypt(); }},
    {.name = "decrypt, short APDUs",
     .prepare = [](Bench& it) { it.prepare_decryption(); },
     .run = [](Bench& it) { return it.decrypt(); },
     .exchange = "short-apdu"},
    {.name = "generate",
     .prepare = [](Bench& it) { it.prepare_user(); },
     .run = [](Bench& it) { return it.generate(usual_slot); },
     .check = [](Bench& it, CK_RV rv) { check_made(it, rv, usual_slot, &Bench::generate); }},
    {.name = "generate, retired slot",
     .prepare = [](Bench& it) { it.prepare_user(); },
     .run = [](Bench& it) { return it.generate(retired_slot); },
     .check = [](Bench& it, CK_RV rv) { check_made(it, rv, retired_slot, &Bench::generate); }},
    {.name = "derive",
     .prepare = [](Bench& it) { it.prepare_user(); },
     .run = [](Bench& it) { return it.derive(it.key); }},
    {.name = "import key",
     .prepare = [](Bench& it) { it.prepare_user(); },
     .run = [](Bench& it) { return it.import_key(usual_slot); },
     .check = [](Bench& it, CK_RV rv) { check_made(it, rv, usual_slot, &Bench::import_key); }},
    {.name = "delete key", .prepare = prepare_key_deletion, .run = destroy, .check = check_key_deleted},
    {.name = "write certificate",
     .prepare = [](Bench& it) { it.prepare_user(); },
     .run = [](Bench& it) { return it.write_certificate(usual_slot); },
     .check = [](Bench& it, CK_RV rv) { check_written(it, rv, usual_slot); }},
    {.name = "write certificate, retired slot",
     .prepare = [](Bench& it) { it.prepare_user(); },
     .run = [](Bench& it) { return it.write_certificate(retired_slot); },
     .check = [](Bench& it, CK_RV rv) { check_written(it, rv, retired_slot); }},
    {.name = "write certificate, short APDUs",
     .prepare = [](Bench& it) { it.prepare_user(); },
     .run = [](Bench& it) { return it.write_certificate(usual_slot); },
     .check = [](Bench& it, CK_RV rv) { check_written(it, rv, usual_slot); },
     .exchange = "short-apdu"},
    {.name = "delete certificate", .prepare = prepare_deletion, .run = destroy, .check = check_deleted},
    {.name = "change PIN",
     .prepare = [](Bench& it) { it.prepare_user(); },
     .run = [](Bench& it) { return with_new_pin(it, it.set_pin(it.pin, new_pin)); }},
    {.name = "login, T=1",
     .prepare = prepare_session,
     .run = [](Bench& it) { return it.login(it.pin); },
     .exchange = "tpdu-t1"},
    {.name = "login, T=0",
     .prepare = prepare_session,
     .run = [](Bench& it) { return it.login(it.pin); },
     .exchange = "tpdu-t0"},
    {.name = "decrypt, T=1",
     .prepare = [](Bench& it) { it.prepare_decryption(); },
     .run = [](Bench& it) { return it.decrypt(); },
     .exchange = "tpdu-t1"},
    {.name = "decrypt, T=0",
     .prepare = [](Bench& it) { it.prepare_decryption(); },
     .run = [](Bench& it) { return it.decrypt(); },
     .exchange = "tpdu-t0"},
    {.name = "write certificate, T=1",
     .prepare = [](Bench& it) { it.prepare_user(); },
     .run = [](Bench& it) { return it.write_certificate(usual_slot); },
     .check = [](Bench& it, CK_RV rv) { check_written(it, rv, usual_slot); },
     .exchange = "tpdu-t1"},
    {.name = "write certificate, T=0",
     .prepare = [](Bench& it) { it.prepare_user(); },
     .run = [](Bench& it) { return it.write_certificate(usual_slot); },
     .check = [](Bench& it, CK_RV rv) { check_written(it, rv, usual_slot); },
     .exchange = "tpdu-t0"},
    {.name = "change PIN, T=1",
     .prepare = [](Bench& it) { it.prepare_user(); },
     .run = [](Bench& it) { return with_new_pin(it, it.set_pin(it.pin, new_pin)); },
     .exchange = "tpdu-t1"},
    {.name = "change PIN, T=0",
     .prepare = [](Bench& it) { it.prepare_user(); },
     .run = [](Bench& it) { return with_new_pin(it, it.set_pin(it.pin, new_pin)); },
     .exchange = "tpdu-t0"},
    {.name = "unblock",
     .prepare = prepare_unblocking,
     .run = [](Bench& it) { return with_new_pin(it, it.init_pin(new_pin)); }},
};

}  // namespace

std::span<const Operation> operations() {
    return rows;
}

}  // namespace jeton::test

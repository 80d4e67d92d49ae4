#include "pkcs11/fault_operations.hpp"

#include "pkcs11/fault_checks.hpp"

namespace jeton::test {

namespace {

constexpr const char* new_pin = "24680246";
constexpr Byte retired_slot = 5;  // of PIV
constexpr Byte place_without_key = 0x51;

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

void prepare_key_that_wants_the_pin(Bench& bench) {
    bench.prepare_user();
    require_ok(bench.find_one(CKO_PRIVATE_KEY, bench.kind().each_time, bench.object), "find");
}

CK_RV sign_with_pin(Bench& bench) {
    Bytes signature;
    return bench.sign_with_pin(bench.object, signature);
}

void prepare_derivation(Bench& bench) {
    bench.prepare_user();
    require_ok(bench.find_one(CKO_PRIVATE_KEY, bench.kind().deriver, bench.object), "find");
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

/// as_maker runs |what| with the maker logged in, where that is not the user.
template <typename What>
void as_maker(Bench& bench, What&& what) {
    bench.change_to_maker();
    what();
    bench.change_to_user();
}

/// keys_of_card is how many keys the card had.
std::size_t keys_of_card(const Bench& bench) {
    return bench.kind().find_template("card").keys.size();
}

/// A key is not there, and can be made; or it is there as a whole, and signs.
void check_made(Bench& bench, CK_RV rv, Byte id, CK_RV (Bench::*make)(Byte) const) {
    const std::size_t others = keys_of_card(bench);
    const CK_OBJECT_HANDLE found = find_listed(bench, CKO_PRIVATE_KEY, id, others);
    require_that(rv != CKR_OK || found != CK_INVALID_HANDLE, "the key is not there though it was made");
    if (found == CK_INVALID_HANDLE) {
        as_maker(bench, [&] { require_ok((bench.*make)(id), "the second try to make the key"); });
        find_listed(bench, CKO_PRIVATE_KEY, id, others);
    }
    if (id == bench.kind().free_place) {  // the keys of retired slots do not sign
        require_ok(bench.sign_and_verify(id), "sign with the new key");
    }
    require_that(count(bench, CKO_CERTIFICATE) == 1, "there is a certificate that nobody wrote");
}

CK_RV generate(Bench& bench) {
    return bench.generate(bench.kind().free_place);
}
void check_generated(Bench& bench, CK_RV rv) {
    check_made(bench, rv, bench.kind().free_place, &Bench::generate);
}

void check_written(Bench& bench, CK_RV rv, Byte id) {
    CK_OBJECT_HANDLE found = find_listed(bench, CKO_CERTIFICATE, id, 1);
    require_that(rv != CKR_OK || found != CK_INVALID_HANDLE,
                 "the certificate is not there though it was written");
    if (found == CK_INVALID_HANDLE) {
        as_maker(bench,
                 [&] { require_ok(bench.write_certificate(id), "the second try to write the certificate"); });
        found = find_listed(bench, CKO_CERTIFICATE, id, 1);
    }
    Bytes value;
    require_ok(bench.read_value(found, value), "read the certificate");
    require_that(value == bench.certificate(), "the certificate is another one");
    require_that(count(bench, CKO_PRIVATE_KEY) >= keys_of_card(bench), "a key is not there any more");
}

void prepare_writing(Bench& bench) {
    bench.prepare_maker();
    bench.prepare_certificate(bench.kind().certificate_place);
}
CK_RV write_certificate(Bench& bench) {
    return bench.write_certificate(bench.kind().certificate_place);
}
void check_certificate(Bench& bench, CK_RV rv) {
    check_written(bench, rv, bench.kind().certificate_place);
}

/// The class of the object that the maker destroys to destroy a pair.
CK_OBJECT_CLASS class_of_pair(const Bench& bench) {
    return bench.kind().maker == CKU_USER ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY;
}

void prepare_key_deletion(Bench& bench) {
    bench.prepare_maker();
    require_ok(generate(bench), "generate");
    require_ok(bench.find_one(class_of_pair(bench), bench.kind().free_place, bench.object), "find");
}

CK_RV destroy(Bench& bench) {
    return bench->C_DestroyObject(bench.session(), bench.object);
}

void check_key_deleted(Bench& bench, CK_RV rv) {
    const Byte id = bench.kind().free_place;
    const std::size_t others = keys_of_card(bench);
    CK_OBJECT_HANDLE found = find_listed(bench, CKO_PRIVATE_KEY, id, others);
    require_that(rv != CKR_OK || found == CK_INVALID_HANDLE, "the key is there though it was deleted");
    if (found != CK_INVALID_HANDLE) {
        require_ok(bench.sign_and_verify(id), "sign with the key that was not deleted");
        as_maker(bench, [&] {
            require_ok(bench.find_one(class_of_pair(bench), id, bench.object), "find the key");
            require_ok(destroy(bench), "the second try to delete it");
        });
    }
    require_that(find_listed(bench, CKO_PRIVATE_KEY, id, others) == CK_INVALID_HANDLE,
                 "the key is still there");
    as_maker(bench, [&] { require_ok(generate(bench), "another key in its place"); });
    require_ok(bench.sign_and_verify(id), "sign with the other key");
}

void prepare_deletion(Bench& bench) {
    bench.prepare_maker();
    require_ok(bench.find_one(CKO_CERTIFICATE, bench.kind().signer, bench.object), "find");
}

void check_deleted(Bench& bench, CK_RV rv) {
    const Byte id = bench.kind().signer;
    CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
    require_ok(bench.find_one(CKO_CERTIFICATE, id, found), "find the certificate");
    require_that(rv != CKR_OK || found == CK_INVALID_HANDLE,
                 "the certificate is there though it was deleted");
    if (found != CK_INVALID_HANDLE) {
        as_maker(bench, [&] {
            require_ok(bench.find_one(CKO_CERTIFICATE, id, bench.object), "find the certificate");
            require_ok(destroy(bench), "the second try to delete it");
        });
        require_ok(bench.find_one(CKO_CERTIFICATE, id, found), "find the certificate");
        require_that(found == CK_INVALID_HANDLE, "the certificate is still there");
    }
    require_ok(bench.sign_and_verify(id), "sign with the key of the certificate");
}

/// Data are not there, and can be written; or all of them are.
void check_data(Bench& bench, CK_RV rv) {
    std::vector<CK_OBJECT_HANDLE> found;
    require_ok(bench.find_data(found), "find the data");
    require_that(rv != CKR_OK || found.size() == 1, "the data are not there though they were written");
    if (found.empty()) {
        require_ok(bench.write_data(), "the second try to write the data");
        require_ok(bench.find_data(found), "find the data");
    }
    require_that(found.size() == 1, "there are more data than were written");
    Bytes value;
    require_ok(bench.read_value(found[0], value), "read the data");
    require_that(value == Bench::data(), "the data are others");
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
    require_ok(bench.login(bench.kind().unblocker, CKU_SO), "login of the officer");
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
     .run = [](Bench& it) { return it.login(it.kind().officer, CKU_SO); },
     .card = "managed"},
    {.name = "sign",
     .prepare = [](Bench& it) { it.prepare_user(); },
     .run = [](Bench& it) { return it.sign(it.key); }},
    {.name = "sign after hand-over",
     .prepare = prepare_hand_over,
     .run = [](Bench& it) { return it.sign(it.key); }},
    {.name = "sign, PIN each time",
     .prepare = prepare_key_that_wants_the_pin,
     .run = sign_with_pin,
     .card = "signing",
     .kinds = piv_faults | openpgp_faults},
    {.name = "decrypt",
     .prepare = [](Bench& it) { it.prepare_decryption(); },
     .run = [](Bench& it) { return it.decrypt(); }},
    {.name = "decrypt, short APDUs",
     .prepare = [](Bench& it) { it.prepare_decryption(); },
     .run = [](Bench& it) { return it.decrypt(); },
     .exchange = "short-apdu"},
    {.name = "generate",
     .prepare = [](Bench& it) { it.prepare_maker(); },
     .run = generate,
     .check = check_generated},
    {.name = "generate, retired slot",
     .prepare = [](Bench& it) { it.prepare_user(); },
     .run = [](Bench& it) { return it.generate(retired_slot); },
     .check = [](Bench& it, CK_RV rv) { check_made(it, rv, retired_slot, &Bench::generate); },
     .kinds = piv_faults},
    {.name = "derive",
     .prepare = prepare_derivation,
     .run = [](Bench& it) { return it.derive(it.object); },
     .card = "agreeing"},
    {.name = "import key",
     .prepare = [](Bench& it) { it.prepare_maker(); },
     .run = [](Bench& it) { return it.import_key(it.kind().free_place); },
     .check = [](Bench& it, CK_RV rv) { check_made(it, rv, it.kind().free_place, &Bench::import_key); },
     .kinds = piv_faults | openpgp_faults},
    {.name = "delete key", .prepare = prepare_key_deletion, .run = destroy, .check = check_key_deleted},
    {.name = "write certificate",
     .prepare = prepare_writing,
     .run = write_certificate,
     .check = check_certificate},
    {.name = "write certificate, retired slot",
     .prepare = prepare_writing,
     .run = [](Bench& it) { return it.write_certificate(retired_slot); },
     .check = [](Bench& it, CK_RV rv) { check_written(it, rv, retired_slot); },
     .kinds = piv_faults},
    {.name = "write certificate without a key",
     .prepare = prepare_writing,
     .run = [](Bench& it) { return it.write_certificate(place_without_key); },
     .check = [](Bench& it, CK_RV rv) { check_written(it, rv, place_without_key); },
     .kinds = hsm_faults},
    {.name = "write data",
     .prepare = [](Bench& it) { it.prepare_user(); },
     .run = [](Bench& it) { return it.write_data(); },
     .check = check_data,
     .kinds = openpgp_faults | hsm_faults},
    {.name = "write certificate, short APDUs",
     .prepare = prepare_writing,
     .run = write_certificate,
     .check = check_certificate,
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
     .exchange = "tpdu-t0",
     .kinds = piv_faults | openpgp_faults},
    {.name = "decrypt, T=1",
     .prepare = [](Bench& it) { it.prepare_decryption(); },
     .run = [](Bench& it) { return it.decrypt(); },
     .exchange = "tpdu-t1"},
    {.name = "decrypt, T=0",
     .prepare = [](Bench& it) { it.prepare_decryption(); },
     .run = [](Bench& it) { return it.decrypt(); },
     .exchange = "tpdu-t0",
     .kinds = piv_faults | openpgp_faults},
    {.name = "write certificate, T=1",
     .prepare = prepare_writing,
     .run = write_certificate,
     .check = check_certificate,
     .exchange = "tpdu-t1"},
    {.name = "write certificate, T=0",
     .prepare = prepare_writing,
     .run = write_certificate,
     .check = check_certificate,
     .exchange = "tpdu-t0",
     .kinds = piv_faults | openpgp_faults},
    {.name = "change PIN, T=1",
     .prepare = [](Bench& it) { it.prepare_user(); },
     .run = [](Bench& it) { return with_new_pin(it, it.set_pin(it.pin, new_pin)); },
     .exchange = "tpdu-t1"},
    {.name = "change PIN, T=0",
     .prepare = [](Bench& it) { it.prepare_user(); },
     .run = [](Bench& it) { return with_new_pin(it, it.set_pin(it.pin, new_pin)); },
     .exchange = "tpdu-t0",
     .kinds = piv_faults | openpgp_faults},
    {.name = "unblock",
     .prepare = prepare_unblocking,
     .run = [](Bench& it) { return with_new_pin(it, it.init_pin(new_pin)); }},
};

}  // namespace

std::vector<Operation> operations(const FaultKind& kind) {
    std::vector<Operation> out;
    std::ranges::copy_if(rows, std::back_inserter(out),
                         [&](const Operation& row) { return (row.kinds & kind.mask) != 0; });
    return out;
}

}  // namespace jeton::test

// Initialise, finalise, fork, unload, process exit: no crash, no hang, the right codes.
#include <atomic>
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "pkcs11/module_under_test.hpp"

namespace jeton::test {
namespace {

std::size_t thread_count() {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

template <typename Work>
int in_child(Work&& work) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(60);
        _exit(work());
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Bytes sign_once(const Client& client, CK_OBJECT_HANDLE key) {
    Bytes signature;
    EXPECT_EQ(client.sign({CKM_ECDSA, nullptr, 0}, key, Bytes(32, 1), signature), CKR_OK);
    return signature;
}

struct InitializeRow {
    const char* what;
    CK_C_INITIALIZE_ARGS args;
    CK_RV expected;
};

CK_RV create_mutex(CK_VOID_PTR_PTR) {
    return CKR_OK;
}
CK_RV use_mutex(CK_VOID_PTR) {
    return CKR_OK;
}

TEST(LifecycleTest, locking_flags) {
    const SoftCards cards;
    CK_FUNCTION_LIST_3_2* f = jeton().f;
    char known[] = "log=warn";
    char unknown[] = "colour=blue";
    const InitializeRow rows[] = {
        {"nothing", {nullptr, nullptr, nullptr, nullptr, 0, nullptr}, CKR_OK},
        {"system locks", {nullptr, nullptr, nullptr, nullptr, CKF_OS_LOCKING_OK, nullptr}, CKR_OK},
        {"no threads, as NSS says",
         {nullptr, nullptr, nullptr, nullptr, CKF_OS_LOCKING_OK | CKF_LIBRARY_CANT_CREATE_OS_THREADS,
          nullptr},
         CKR_OK},
        {"functions or system locks",
         {create_mutex, use_mutex, use_mutex, use_mutex, CKF_OS_LOCKING_OK, nullptr},
         CKR_OK},
        {"functions alone", {create_mutex, use_mutex, use_mutex, use_mutex, 0, nullptr}, CKR_CANT_LOCK},
        {"some functions",
         {create_mutex, use_mutex, nullptr, nullptr, CKF_OS_LOCKING_OK, nullptr},
         CKR_ARGUMENTS_BAD},
        {"known words", {nullptr, nullptr, nullptr, nullptr, 0, known}, CKR_OK},
        {"unknown words", {nullptr, nullptr, nullptr, nullptr, 0, unknown}, CKR_ARGUMENTS_BAD},
    };
    for (const InitializeRow& row : rows) {
        CK_C_INITIALIZE_ARGS args = row.args;
        EXPECT_EQ(f->C_Initialize(&args), row.expected) << row.what;
        EXPECT_EQ(f->C_Finalize(nullptr), row.expected == CKR_OK ? CKR_OK : CKR_CRYPTOKI_NOT_INITIALIZED)
            << row.what;
    }
}

TEST(LifecycleTest, every_function_wants_initialize_first) {
    CK_FUNCTION_LIST_3_2* f = jeton().f;
    EXPECT_EQ(f->C_GetInfo(nullptr), CKR_CRYPTOKI_NOT_INITIALIZED);
    EXPECT_EQ(f->C_GetSlotList(CK_TRUE, nullptr, nullptr), CKR_CRYPTOKI_NOT_INITIALIZED);
    EXPECT_EQ(f->C_OpenSession(0, 0, nullptr, nullptr, nullptr), CKR_CRYPTOKI_NOT_INITIALIZED);
    EXPECT_EQ(f->C_WrapKeyAuthenticated(0, nullptr, 0, 0, nullptr, 0, nullptr, nullptr),
              CKR_CRYPTOKI_NOT_INITIALIZED);
    EXPECT_EQ(f->C_Finalize(nullptr), CKR_CRYPTOKI_NOT_INITIALIZED);
}

TEST(LifecycleTest, no_entry_of_the_lists_is_null) {
    for (const CK_VERSION version : {CK_VERSION{2, 40}, CK_VERSION{3, 0}, CK_VERSION{3, 2}}) {
        auto get = reinterpret_cast<CK_C_GetInterface>(dlsym(jeton().library, "C_GetInterface"));
        CK_INTERFACE_PTR interface = nullptr;
        CK_VERSION wanted = version;
        CK_UTF8CHAR name[] = "PKCS 11";
        ASSERT_EQ(get(name, &wanted, &interface, 0), CKR_OK);
        const auto* found = static_cast<CK_VERSION*>(interface->pFunctionList);
        EXPECT_EQ(found->major, version.major);
        EXPECT_EQ(found->minor, version.minor);
        const std::size_t size = version.major == 2   ? sizeof(CK_FUNCTION_LIST)
                                 : version.minor == 0 ? sizeof(CK_FUNCTION_LIST_3_0)
                                                      : sizeof(CK_FUNCTION_LIST_3_2);
        const auto* entries = reinterpret_cast<void* const*>(interface->pFunctionList);
        for (std::size_t i = 1; i < size / sizeof(void*); ++i) {
            EXPECT_NE(entries[i], nullptr) << i;
        }
    }
}

TEST(LifecycleTest, interface_list_and_flags) {
    auto list = reinterpret_cast<CK_C_GetInterfaceList>(dlsym(jeton().library, "C_GetInterfaceList"));
    auto get = reinterpret_cast<CK_C_GetInterface>(dlsym(jeton().library, "C_GetInterface"));
    CK_ULONG count = 0;
    ASSERT_EQ(list(nullptr, &count), CKR_OK);
    ASSERT_EQ(count, 3U);
    CK_INTERFACE interfaces[3];
    count = 2;
    EXPECT_EQ(list(interfaces, &count), CKR_BUFFER_TOO_SMALL);
    EXPECT_EQ(count, 3U);
    EXPECT_EQ(list(interfaces, &count), CKR_OK);
    EXPECT_EQ(static_cast<CK_VERSION*>(interfaces[0].pFunctionList)->minor, 2);
    CK_INTERFACE_PTR interface = nullptr;
    CK_UTF8CHAR other[] = "Vendor NSS Module Interface";
    EXPECT_EQ(get(other, nullptr, &interface, 0), CKR_ARGUMENTS_BAD);
    EXPECT_EQ(get(nullptr, nullptr, &interface, CKF_INTERFACE_FORK_SAFE), CKR_ARGUMENTS_BAD);
    EXPECT_EQ(get(nullptr, nullptr, &interface, 0), CKR_OK);
}

TEST(LifecycleTest, initialize_starts_no_thread_and_can_be_repeated) {
    const SoftCards cards;
    const std::size_t before = thread_count();
    CK_SESSION_HANDLE first = CK_INVALID_HANDLE;
    for (int i = 0; i < 50; ++i) {
        const Client client;
        EXPECT_NE(client.session(), first);
        if (first != CK_INVALID_HANDLE) {
            CK_SESSION_INFO info{};
            EXPECT_EQ(client->C_GetSessionInfo(first, &info), CKR_SESSION_HANDLE_INVALID);
        }
        first = client.session();
        EXPECT_EQ(thread_count(), before);
    }
}

TEST(LifecycleTest, forked_child_is_not_initialised_and_the_parent_goes_on) {
    const SoftCards cards;
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const CK_OBJECT_HANDLE key = client.generate_ec(1, p256_params()).private_key;
    const int result = in_child([&] {
        CK_SESSION_INFO info{};
        if (client->C_GetSessionInfo(client.session(), &info) != CKR_CRYPTOKI_NOT_INITIALIZED) {
            return 2;
        }
        return client->C_Finalize(nullptr) == CKR_CRYPTOKI_NOT_INITIALIZED ? 0 : 3;
    });
    EXPECT_EQ(result, 0);
    sign_once(client, key);
}

TEST(LifecycleTest, forked_child_initialises_for_itself_while_the_parent_goes_on) {
    const SoftCards cards;
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const CK_OBJECT_HANDLE key = client.generate_ec(1, p256_params()).private_key;
    const int result = in_child([] {
        const Client mine;
        if (mine.login() != CKR_OK) {
            return 2;
        }
        Bytes signature;
        const auto keys = mine.find({number(CKA_CLASS, CKO_PRIVATE_KEY)});
        return keys.size() == 1 &&
                       mine.sign({CKM_ECDSA, nullptr, 0}, keys[0], Bytes(32, 1), signature) == CKR_OK
                   ? 0
                   : 3;
    });
    EXPECT_EQ(result, 0);
    sign_once(client, key);
}

TEST(LifecycleTest, sleeping_child_blocks_nobody) {
    const SoftCards cards;
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const CK_OBJECT_HANDLE key = client.generate_ec(1, p256_params()).private_key;
    const pid_t sleeper = fork();
    if (sleeper == 0) {
        pause();
        _exit(0);
    }
    sign_once(client, key);
    EXPECT_EQ(in_child([] {
                  const Client other;
                  return other.login() == CKR_OK ? 0 : 2;
              }),
              0);
    sign_once(client, key);
    kill(sleeper, SIGKILL);
    waitpid(sleeper, nullptr, 0);
}

TEST(LifecycleTest, unloading_without_finalize_does_no_harm) {
    const SoftCards cards;
    EXPECT_EQ(in_child([] {
                  LoadedModule module = LoadedModule::load(JETON_MODULE);
                  if (module.f->C_Initialize(nullptr) != CKR_OK) {
                      return 2;
                  }
                  dlclose(module.library);
                  std::thread([] {}).join();
                  return 0;
              }),
              0);
}

CK_FUNCTION_LIST_3_2* g_at_exit = nullptr;

void call_at_exit() {
    CK_BYTE data[64] = {0};
    CK_ULONG length = sizeof data;
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    g_at_exit->C_OpenSession(0, CKF_SERIAL_SESSION, nullptr, nullptr, &session);
    const CK_RV rv = g_at_exit->C_Sign(session, data, 1, data, &length);
    _exit(rv == CKR_OPERATION_NOT_INITIALIZED || rv == CKR_CRYPTOKI_NOT_INITIALIZED ||
                  rv == CKR_SESSION_HANDLE_INVALID
              ? 0
              : 4);
}

TEST(LifecycleTest, calls_at_process_exit_are_answered) {
    const SoftCards cards;
    for (const bool finalize : {false, true}) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(60);
            g_at_exit = jeton().f;
            std::atexit(call_at_exit);
            if (g_at_exit->C_Initialize(nullptr) != CKR_OK) {
                _exit(2);
            }
            if (finalize) {
                g_at_exit->C_Finalize(nullptr);
            }
            std::exit(3);
        }
        int status = -1;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status));
        EXPECT_EQ(WEXITSTATUS(status), 0) << "finalize " << finalize;
    }
}

TEST(LifecycleTest, finalize_while_another_thread_signs) {
    const SoftCards cards;
    {
        const Client client;
        ASSERT_EQ(client.login(), CKR_OK);
        client.generate_rsa(1);
    }
    for (int round = 0; round < 5; ++round) {
        const Client client;
        ASSERT_EQ(client.login(), CKR_OK);
        const CK_OBJECT_HANDLE key = client.find_one({number(CKA_CLASS, CKO_PRIVATE_KEY)});
        std::atomic<bool> started = false;
        std::thread signer([&] {
            CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
            Bytes data(10);
            while (true) {
                Bytes signature(256);
                CK_ULONG length = signature.size();
                if (client->C_SignInit(client.session(), &mechanism, key) != CKR_OK) {
                    break;
                }
                started = true;
                const CK_RV rv =
                    client->C_Sign(client.session(), data.data(), data.size(), signature.data(), &length);
                if (rv != CKR_OK) {
                    EXPECT_EQ(rv, CKR_CRYPTOKI_NOT_INITIALIZED);
                    break;
                }
            }
        });
        while (!started) {
            std::this_thread::yield();
        }
        EXPECT_EQ(client->C_Finalize(nullptr), CKR_OK);
        signer.join();
    }
}

}  // namespace
}  // namespace jeton::test

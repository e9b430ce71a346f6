#include "error.hpp"
#include "password_slot.hpp"
#include "secrets.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <csignal>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace smartflow;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

/// What an Argon2id hash costs: bytes of the hash and of the password, passes, bytes of memory,
/// kind.
using Computation =
    std::tuple<unsigned long long, unsigned long long, unsigned long long, std::size_t, int>;

std::vector<Computation> computed; ///< by crypto_pwhash, which stands before libsodium's here

/// A folder for lock files, gone at the end.
class LockFolder
{
public:
    LockFolder() { BOOST_REQUIRE(mkdtemp(path_.data()) != nullptr); }
    ~LockFolder()
    {
        for (const char *slot : {"0", "1"}) {
            unlink((prefix() + slot + ".lock").c_str());
            rmdir((prefix() + slot + ".lock").c_str());
        }
        rmdir(path_.c_str());
    }
    LockFolder(const LockFolder &) = delete;
    LockFolder &operator=(const LockFolder &) = delete;

    std::string prefix() const { return path_ + "/slot-"; }

private:
    std::string path_ = "/tmp/smartflow-test-XXXXXX";
};

bool gets_a_slot(const std::string &prefix)
{
    try {
        const PasswordSlot slot(50ms, prefix);
        return true;
    } catch (const Error &error) {
        BOOST_TEST((error.code() == Code::service_unavailable));
        BOOST_TEST(error.retry_after_s() > 0);
        return false;
    }
}

/// A process that takes a slot and keeps it until it is killed.
pid_t child_with_a_slot(const std::string &prefix)
{
    int ready[2];
    BOOST_REQUIRE(pipe(ready) == 0);
    const pid_t child = fork();
    if (child == 0) {
        const PasswordSlot slot(1s, prefix);
        if (::write(ready[1], "x", 1) == 1) {
            pause();
        }
        _exit(1);
    }
    char byte = 0;
    BOOST_REQUIRE(::read(ready[0], &byte, 1) == 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

void kill_child(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
}

} // namespace

extern "C" int crypto_pwhash(unsigned char *const out, unsigned long long size,
                             const char *password, unsigned long long length,
                             const unsigned char *const salt, unsigned long long passes,
                             std::size_t memory, int algorithm)
{
    computed.emplace_back(size, length, passes, memory, algorithm);
    static const auto real =
        reinterpret_cast<decltype(&crypto_pwhash)>(dlsym(RTLD_NEXT, "crypto_pwhash"));
    return real(out, size, password, length, salt, passes, memory, algorithm);
}

BOOST_AUTO_TEST_SUITE(secrets)

BOOST_AUTO_TEST_CASE(tokens_are_random_and_fit_a_header)
{
    std::set<std::string> tokens;
    for (int i = 0; i < 1000; ++i) {
        const std::string token = new_token();
        BOOST_REQUIRE(token.size() == 46);
        BOOST_REQUIRE(token.rfind("sf_", 0) == 0);
        std::string bytes;
        BOOST_REQUIRE(base64url_decoded(token.substr(3), bytes));
        BOOST_REQUIRE(bytes.size() == 32);
        tokens.insert(token);
    }
    BOOST_TEST(tokens.size() == 1000U);
}

BOOST_AUTO_TEST_CASE(a_tokens_digest_is_its_sha_256)
{
    BOOST_TEST(token_digest("abc") ==
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    BOOST_TEST(token_digest("") ==
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

BOOST_AUTO_TEST_CASE(a_fingerprint_depends_on_key_and_request)
{
    const std::string print = request_fingerprint("key", "request");
    BOOST_TEST(print.size() == 64U);
    BOOST_TEST(print == request_fingerprint("key", "request"));
    BOOST_TEST(print != request_fingerprint("key", "request2"));
    BOOST_TEST(print != request_fingerprint("key2", "request"));
    BOOST_TEST(request_fingerprint("", "") != request_fingerprint(std::string(255, 'k'), ""));
    const std::string key(100, 'k'); // longer than BLAKE2b's own keys: all of it must count
    BOOST_TEST(request_fingerprint(key + "a", "r") != request_fingerprint(key + "b", "r"));
}

BOOST_AUTO_TEST_CASE(base64url_goes_both_ways)
{
    BOOST_TEST(base64url("") == "");
    BOOST_TEST(base64url("f") == "Zg");
    BOOST_TEST(base64url("fo") == "Zm8");
    BOOST_TEST(base64url("foobar") == "Zm9vYmFy");
    BOOST_TEST(base64url("\xfb\xff\xfe") == "-__-");
    std::string all;
    for (int length = 0; length < 300; ++length) {
        std::string bytes = "old";
        BOOST_REQUIRE(base64url_decoded(base64url(all), bytes));
        BOOST_REQUIRE(bytes == all);
        all += static_cast<char>(length * 37);
    }
    for (const char *wrong :
         {"Z", "Zg=", "Zg==", "Zh", "Z g", "+//+", "Zg\n", "Zm9vYmFy!", "\xc3\xa9"}) {
        std::string bytes = "old";
        BOOST_TEST(!base64url_decoded(wrong, bytes), wrong);
        BOOST_TEST(bytes == "old");
    }
}

BOOST_AUTO_TEST_CASE(random_hex_has_two_characters_a_byte)
{
    BOOST_TEST(random_hex(0) == "");
    BOOST_TEST(random_hex(16).size() == 32U);
    BOOST_TEST(random_hex(16).find_first_not_of("0123456789abcdef") == std::string::npos);
    BOOST_TEST(random_hex(16) != random_hex(16));
}

BOOST_AUTO_TEST_CASE(a_password_matches_its_own_hash_only)
{
    const std::string hash = password_hash("correct horse");
    BOOST_TEST(hash.rfind("$argon2id$v=19$m=65536,t=2,p=1$", 0) == 0U);
    BOOST_TEST(password_matches(hash, "correct horse"));
    BOOST_TEST(!password_matches(hash, "correct horsE"));
    BOOST_TEST(!password_matches(hash, ""));
    BOOST_TEST(!password_matches(hash, "correct horse\0"s));
    BOOST_TEST(!password_matches(hash.substr(0, 60), "correct horse"));
    BOOST_TEST(!password_matches("$argon2id$", "correct horse"));
    BOOST_TEST(hash != password_hash("correct horse")); // salted
}

BOOST_AUTO_TEST_CASE(an_unknown_user_costs_what_a_wrong_password_does)
{
    const std::string hash = password_hash("correct horse");
    const auto work = [](const std::string &stored) {
        computed.clear();
        BOOST_TEST(!password_matches(stored, "wrong"));
        return computed;
    };
    const std::vector<Computation> wrong = work(hash);
    BOOST_TEST(wrong.size() == 1U);
    BOOST_TEST((wrong == work("")));
    BOOST_TEST((wrong == work("no hash at all")));
}

BOOST_AUTO_TEST_CASE(short_memory_is_no_wrong_password)
{
#if defined(UNDER_ADDRESS_SANITIZER)
    BOOST_TEST_MESSAGE("left out: AddressSanitizer needs all addresses");
#else
    const std::string hash = password_hash("correct horse");
    const pid_t child = fork();
    if (child == 0) {
        const rlimit limit{32U << 20U, 32U << 20U}; // less than the one call needs
        int unavailable = setrlimit(RLIMIT_AS, &limit);
        for (int i = 0; i < 3; ++i) {
            try {
                i == 0   ? static_cast<void>(password_hash("x"))
                : i == 1 ? static_cast<void>(password_matches(hash, "correct horse"))
                         : static_cast<void>(password_matches("", "correct horse"));
            } catch (const Error &error) {
                unavailable += error.status() == 503 && error.retry_after_s() > 0 ? 1 : 0;
            }
        }
        _exit(unavailable);
    }
    int status = 0;
    BOOST_REQUIRE(waitpid(child, &status, 0) == child);
    BOOST_TEST(WIFEXITED(status));
    BOOST_TEST(WEXITSTATUS(status) == 3);
#endif
}

BOOST_AUTO_TEST_CASE(two_slots_and_no_third)
{
    const LockFolder folder;
    const PasswordSlot first(1s, folder.prefix());
    BOOST_TEST(first.is_shared());
    BOOST_TEST(gets_a_slot(folder.prefix()));
    const PasswordSlot second(1s, folder.prefix());
    BOOST_TEST(second.is_shared());
    BOOST_TEST(!gets_a_slot(folder.prefix()));
}

BOOST_AUTO_TEST_CASE(slots_count_across_processes_and_a_killed_one_frees_its_own)
{
    const LockFolder folder;
    const pid_t one = child_with_a_slot(folder.prefix());
    const pid_t two = child_with_a_slot(folder.prefix());
    BOOST_TEST(!gets_a_slot(folder.prefix()));
    kill_child(one);
    BOOST_TEST(gets_a_slot(folder.prefix()));
    kill_child(two);
    const PasswordSlot first(1s, folder.prefix());
    const PasswordSlot second(1s, folder.prefix());
    BOOST_TEST((first.is_shared() && second.is_shared()));
}

BOOST_AUTO_TEST_CASE(never_more_than_two_threads_hold_a_slot)
{
    const LockFolder folder;
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::atomic<int> done{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 16; ++i) {
        threads.emplace_back([&] {
            const PasswordSlot slot(30s, folder.prefix());
            const int now = ++inside;
            int seen = most;
            while (seen < now && !most.compare_exchange_weak(seen, now)) {
            }
            std::this_thread::sleep_for(5ms);
            --inside;
            ++done;
        });
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
    BOOST_TEST(most == 2);
    BOOST_TEST(done == 16);
}

BOOST_AUTO_TEST_CASE(threads_exclude_each_other_where_no_lock_file_can_be_had)
{
    const std::string nowhere = "/nonexistent/slot-";
    const PasswordSlot first(1s, nowhere);
    const PasswordSlot second(1s, nowhere);
    BOOST_TEST((!first.is_shared() && !second.is_shared()));
    BOOST_TEST(!gets_a_slot(nowhere));
}

BOOST_AUTO_TEST_CASE(follows_no_link_and_opens_no_folder_for_a_slot)
{
    const LockFolder folder;
    const std::string target = folder.prefix() + "target";
    BOOST_REQUIRE(symlink(target.c_str(), (folder.prefix() + "0.lock").c_str()) == 0);
    BOOST_REQUIRE(mkdir((folder.prefix() + "1.lock").c_str(), 0700) == 0);
    const PasswordSlot slot(1s, folder.prefix());
    BOOST_TEST(!slot.is_shared());
    BOOST_TEST(unlink(target.c_str()) != 0); // there is none
}

BOOST_AUTO_TEST_CASE(takes_no_lock_file_of_somebody_else)
{
    if (geteuid() != 0) {
        BOOST_TEST_MESSAGE("left out: only root can give files away");
        return;
    }
    const LockFolder folder;
    for (const char *number : {"0", "1"}) {
        const std::string path = folder.prefix() + number + ".lock";
        const int planted = open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666);
        BOOST_REQUIRE(planted >= 0);
        BOOST_REQUIRE(fchown(planted, 65534, 65534) == 0);
        close(planted);
    }
    const PasswordSlot slot(1s, folder.prefix());
    BOOST_TEST(!slot.is_shared());
}

BOOST_AUTO_TEST_CASE(a_slots_file_is_its_owners_alone)
{
    const LockFolder folder;
    const PasswordSlot slot(1s, folder.prefix());
    struct stat info {};
    BOOST_REQUIRE(stat((folder.prefix() + "0.lock").c_str(), &info) == 0);
    BOOST_TEST((info.st_mode & 0777U) == 0600U);
}

BOOST_AUTO_TEST_CASE(weak_passwords_are_named_so)
{
    const std::vector<std::string> names = {"jsmith", "Jo Zvqkwmnt", "jo@gearwheel.example"};
    for (const char *weak :
         {"password1234", "aaaaaaaaaaaaaaaa", "123456789012", "qwertyuiopas", "",
          "zvqkwmntzvqkwmnt", "ZVQKWMNT1234", "gearwheel2024", "smartflow1234"}) {
        BOOST_TEST(password_weakness(weak, names) == "is too easy to guess", weak);
    }
    BOOST_TEST(!password_weakness(std::string(1024, 'a'), names).empty());
    std::string repeated;
    while (repeated.size() < 1024) {
        repeated += "abc1";
    }
    BOOST_TEST(!password_weakness(repeated, names).empty());
    for (const char *good : {"correct horse battery staple", "leetl33t1ii!", "xK9#mQ2!vb7&Lp",
                             "t\u00fcr-fenster-w\u00e4hlt-regen"}) {
        BOOST_TEST(password_weakness(good, names) == "", good);
    }
    BOOST_TEST(password_weakness("zvqkwmnt-lorpfu", {}) == ""); // weak only with the name in mind
}

BOOST_AUTO_TEST_CASE(names_and_passwords_may_hold_anything)
{
    BOOST_TEST(password_weakness("a\0xK9#mQ2!vb7&Lp"s, {"a\0b"s, "", "\xFF\xFE", " "}) == "");
    BOOST_TEST(!password_weakness("\0\0\0\0\0\0\0\0\0\0\0\0"s, {}).empty());
    BOOST_TEST(!password_weakness("\0password1234"s, {}).empty());
}

BOOST_AUTO_TEST_CASE(only_the_leading_bytes_of_a_password_are_judged)
{
    // zxcvbn's time grows with the cube of the length; what comes after the cut can't help a
    // password.
    BOOST_TEST(!password_weakness(std::string(100, 'a') + "xK9#mQ2!vb7&Lp", {}).empty());
    BOOST_TEST(password_weakness("xK9#mQ2!vb7&Lp" + std::string(1010, 'a'), {}) == "");
}

BOOST_AUTO_TEST_CASE(a_new_password_is_strong_and_easy_to_type)
{
    const std::string password = new_password();
    BOOST_TEST(password.size() == 24U);
    BOOST_TEST(password.find_first_not_of("abcdefghijkmnpqrstuvwxyz23456789-") ==
               std::string::npos);
    BOOST_TEST(password_weakness(password, {"admin"}) == "");
    BOOST_TEST(password != new_password());
}

BOOST_AUTO_TEST_SUITE_END()

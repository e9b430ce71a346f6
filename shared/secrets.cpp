#include "secrets.hpp"

#include "error.hpp"
#include "password_slot.hpp"
#include "text.hpp"

#include <sodium.h>
#include <zxcvbn.h>

#include <algorithm>
#include <array>
#include <optional>

namespace smartflow {

namespace {

using Hash = std::array<unsigned char, crypto_hash_sha256_BYTES>;

/// libsodium, ready to use. Every function here that calls it comes by.
void need_sodium()
{
    static const bool ready = sodium_init() >= 0;
    if (!ready) {
        throw Error(Code::internal_error, "Something went wrong").because("sodium_init failed");
    }
}

const unsigned char *bytes_of(std::string_view text)
{
    return reinterpret_cast<const unsigned char *>(text.data());
}

std::string hex(const unsigned char *bytes, std::size_t count)
{
    std::string text(count * 2 + 1, '\0');
    sodium_bin2hex(text.data(), text.size(), bytes, count);
    text.pop_back(); // sodium's closing NUL
    return text;
}

std::string base64(std::string_view bytes, int variant)
{
    std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
    sodium_bin2base64(text.data(), text.size(), bytes_of(bytes), bytes.size(), variant);
    text.pop_back(); // sodium's closing NUL
    return text;
}

/// \returns false when the text is none; `bytes` is then left as it was
bool base64_decoded(std::string_view text, int variant, std::string &bytes)
{
    std::string decoded(text.size() / 4 * 3 + 3, '\0');
    std::size_t length = 0;
    const char *end = nullptr;
    if (sodium_base642bin(reinterpret_cast<unsigned char *>(decoded.data()), decoded.size(),
                          text.data(), text.size(), nullptr, &length, &end, variant) != 0 ||
        end != text.data() + text.size()) {
        return false;
    }
    decoded.resize(length);
    bytes = std::move(decoded);
    return true;
}

[[noreturn]] void out_of_memory()
{
    throw Error(Code::service_unavailable, "The server is short of memory, try again in a moment")
        .because("no memory for Argon2id")
        .retry_after(2);
}

/// libsodium's string form of an Argon2id hash, taken apart:
/// `$argon2id$v=19$m=65536,t=2,p=1$SALT$HASH`.
struct PasswordHash {
    unsigned long long operations = crypto_pwhash_OPSLIMIT_INTERACTIVE;
    std::size_t memory = crypto_pwhash_MEMLIMIT_INTERACTIVE; ///< bytes
    std::string salt;
    std::string hash;
};

/// Takes what stands before `end` off the text. \returns nothing where there is no `end`
std::optional<std::string_view> take_until(std::string_view &text, std::string_view end)
{
    const std::size_t at = text.find(end);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view taken = text.substr(0, at);
    text.remove_prefix(at + end.size());
    return taken;
}

/// \returns nothing for what libsodium didn't make
std::optional<PasswordHash> taken_apart(std::string_view text)
{
    const auto head = take_until(text, "v=19$m=");
    // At most 256 MiB: four times what password_hash takes.
    const auto memory_kib = positive_integer(take_until(text, ",t=").value_or(""), 1 << 18);
    const auto operations = positive_integer(take_until(text, ",p=1$").value_or(""), 1 << 10);
    const auto salt = take_until(text, "$");
    PasswordHash parts;
    if (head != crypto_pwhash_STRPREFIX || !memory_kib ||
        *memory_kib * 1024 < static_cast<std::int64_t>(crypto_pwhash_MEMLIMIT_MIN) || !operations ||
        !salt || !base64_decoded(*salt, sodium_base64_VARIANT_ORIGINAL_NO_PADDING, parts.salt) ||
        !base64_decoded(text, sodium_base64_VARIANT_ORIGINAL_NO_PADDING, parts.hash) ||
        parts.salt.size() != crypto_pwhash_SALTBYTES ||
        parts.hash.size() < crypto_pwhash_BYTES_MIN) {
        return std::nullopt;
    }
    parts.operations = static_cast<unsigned long long>(*operations);
    parts.memory = static_cast<std::size_t>(*memory_kib) * 1024;
    return parts;
}

/// What no password belongs to, with the parameters that password_hash uses. It is random, not
/// computed: as CGI every process would pay for it at its first unknown user, and the answer's
/// time would tell.
PasswordHash decoy()
{
    PasswordHash parts;
    parts.salt = random_bytes(crypto_pwhash_SALTBYTES);
    parts.hash = random_bytes(32);
    return parts;
}

/// So many leading bytes of a password are judged: zxcvbn takes up to 4 ms for them (measured on
/// its worst case, one letter repeated), and its time grows with the cube of the length.
constexpr std::size_t judged_bytes = 100;

/// Below 10^8 guesses a password is weak: zxcvbn's score of 0 to 2.
constexpr double weak_bits = 26.575;

bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (static_cast<unsigned char>(c) & 0x80U) != 0;
}

/// The names whole and in parts: `jo.smith@shop.example` is also `jo`, `smith`, `shop`, `example`.
std::vector<std::string> words_of(const std::vector<std::string> &names)
{
    std::vector<std::string> words{"smartflow"};
    for (std::string name : names) {
        std::replace(name.begin(), name.end(), '\0', ' ');
        std::string word;
        for (const char c : name + " ") {
            if (is_letter_or_digit(c)) {
                word += c;
            } else if (!word.empty()) {
                words.push_back(std::move(word));
                word.clear();
            }
        }
        words.push_back(std::move(name));
    }
    words.erase(std::remove(words.begin(), words.end(), ""), words.end());
    return words;
}

} // namespace

std::string random_bytes(std::size_t count)
{
    need_sodium();
    std::string bytes(count, '\0');
    randombytes_buf(bytes.data(), bytes.size());
    return bytes;
}

std::string new_token()
{
    return "sf_" + base64url(random_bytes(32));
}

std::string token_digest(std::string_view token)
{
    Hash hash{};
    crypto_hash_sha256(hash.data(), bytes_of(token), token.size());
    return hex(hash.data(), hash.size());
}

std::string request_fingerprint(std::string_view idempotency_key, std::string_view request)
{
    need_sodium();
    // Not the key's SHA-256: that one may be stored, and would then open every fingerprint.
    constexpr std::string_view purpose = "smartflow request fingerprint";
    std::array<unsigned char, crypto_generichash_KEYBYTES_MAX> key{};
    crypto_generichash(key.data(), key.size(), bytes_of(idempotency_key), idempotency_key.size(),
                       bytes_of(purpose), purpose.size());
    std::array<unsigned char, crypto_generichash_BYTES> hash{};
    crypto_generichash(hash.data(), hash.size(), bytes_of(request), request.size(), key.data(),
                       key.size());
    return hex(hash.data(), hash.size());
}

std::string password_hash(std::string_view password)
{
    need_sodium();
    std::array<char, crypto_pwhash_STRBYTES> hash{};
    const PasswordSlot slot;
    if (crypto_pwhash_str(hash.data(), password.data(), password.size(),
                          crypto_pwhash_OPSLIMIT_INTERACTIVE,
                          crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0) {
        out_of_memory();
    }
    return hash.data();
}

bool password_matches(const std::string &hash, std::string_view password)
{
    need_sodium();
    const std::optional<PasswordHash> stored = taken_apart(hash);
    const PasswordHash &compared = stored ? *stored : decoy();
    std::string computed(compared.hash.size(), '\0');
    const PasswordSlot slot;
    // Not crypto_pwhash_str_verify: in 1.0.18 it says the same of a wrong password and of memory
    // that it couldn't get. This call fails for want of memory only.
    if (crypto_pwhash(reinterpret_cast<unsigned char *>(computed.data()), computed.size(),
                      password.data(), password.size(), bytes_of(compared.salt),
                      compared.operations, compared.memory, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        out_of_memory();
    }
    const bool same = sodium_memcmp(computed.data(), compared.hash.data(), computed.size()) == 0;
    return same && stored.has_value();
}

std::string password_weakness(const std::string &password, const std::vector<std::string> &names)
{
    const std::vector<std::string> words = words_of(names);
    std::vector<const char *> dictionary;
    dictionary.reserve(words.size() + 1);
    for (const std::string &word : words) {
        dictionary.push_back(word.c_str());
    }
    dictionary.push_back(nullptr);

    std::string judged = password.substr(0, judged_bytes);
    std::replace(judged.begin(), judged.end(), '\0', '\x01'); // zxcvbn would end there
    const double bits = ZxcvbnMatch(judged.c_str(), dictionary.data(), nullptr);
    sodium_memzero(judged.data(), judged.size());
    return bits < weak_bits ? "is too easy to guess" : "";
}

std::string new_password()
{
    need_sodium();
    // No letters and digits that look alike; 5 groups of 4 are 100 bits.
    constexpr std::string_view alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
    std::string password;
    for (int group = 0; group < 5; ++group) {
        password += group == 0 ? "" : "-";
        for (int i = 0; i < 4; ++i) {
            password += alphabet[randombytes_uniform(static_cast<std::uint32_t>(alphabet.size()))];
        }
    }
    return password;
}

Sha256::Sha256()
{
    static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(state_));
    crypto_hash_sha256_init(reinterpret_cast<crypto_hash_sha256_state *>(state_.data()));
}

void Sha256::add(std::string_view bytes) noexcept
{
    crypto_hash_sha256_update(reinterpret_cast<crypto_hash_sha256_state *>(state_.data()),
                              reinterpret_cast<const unsigned char *>(bytes.data()), bytes.size());
}

std::string Sha256::digest()
{
    std::string bytes(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256_final(reinterpret_cast<crypto_hash_sha256_state *>(state_.data()),
                             reinterpret_cast<unsigned char *>(bytes.data()));
    return bytes;
}

std::string Sha256::hex()
{
    return to_hex(digest());
}

std::string to_hex(std::string_view bytes)
{
    return hex(reinterpret_cast<const unsigned char *>(bytes.data()), bytes.size());
}

std::string random_hex(std::size_t bytes)
{
    const std::string random = random_bytes(bytes);
    return hex(bytes_of(random), random.size());
}

std::string base64url(std::string_view bytes)
{
    return base64(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool base64url_decoded(std::string_view text, std::string &bytes)
{
    need_sodium();
    return base64_decoded(text, sodium_base64_VARIANT_URLSAFE_NO_PADDING, bytes);
}

std::string base64(std::string_view bytes)
{
    return base64(bytes, sodium_base64_VARIANT_ORIGINAL);
}

bool base64_decoded(std::string_view text, std::string &bytes)
{
    need_sodium();
    return base64_decoded(text, sodium_base64_VARIANT_ORIGINAL, bytes);
}

std::string hmac_sha256(std::string_view key, std::string_view text)
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, bytes_of(key), key.size());
    crypto_auth_hmacsha256_update(&state, bytes_of(text), text.size());
    std::string code(crypto_auth_hmacsha256_BYTES, '\0');
    crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char *>(code.data()));
    return code;
}

} // namespace smartflow

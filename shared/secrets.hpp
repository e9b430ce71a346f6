#ifndef SMARTFLOW_SECRETS_HPP
#define SMARTFLOW_SECRETS_HPP

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace smartflow {

/// A new bearer secret: 256 random bits in base64url behind `sf_`.
std::string new_token();

/// SHA-256 of a token in lower-case hex: all that the database ever sees of it.
std::string token_digest(std::string_view token);

/// SHA-256 of what comes in parts.
class Sha256
{
public:
    Sha256();
    void add(std::string_view bytes) noexcept;
    /// The digest of all that was added, 32 bytes; nothing may be added after it.
    std::string digest();
    /// The same as lower-case hex.
    std::string hex();

private:
    alignas(
        64) std::array<unsigned char, 128> state_{}; ///< libsodium's, which only secrets.cpp knows
};

/// Bytes as lower-case hex.
std::string to_hex(std::string_view bytes);

/// A keyed hash (BLAKE2b, hex) of a request, the key being the client's Idempotency-Key, which is
/// itself stored as a digest only: whoever reads the database can't test guesses of a password.
std::string request_fingerprint(std::string_view idempotency_key, std::string_view request);

/// Argon2id (libsodium, interactive limits) of a password, as its string form.
/// At most two run at once on this host, whatever the number of processes.
/// \throws Error (SERVICE_UNAVAILABLE, 503) when memory is short
std::string password_hash(std::string_view password);

/// Whether the password belongs to the hash. With an empty hash, or what is none, it takes as long
/// and says no, so that an unknown user can't be told from a wrong password.
/// \throws Error (SERVICE_UNAVAILABLE, 503) when memory is short
bool password_matches(const std::string &hash, std::string_view password);

/// Why a password is too weak (zxcvbn, with the user's names in mind); empty when it will do.
/// \param names what belongs to the user: user name, name, e-mail
std::string password_weakness(const std::string &password, const std::vector<std::string> &names);

/// A password for the first admin: random, easy to type, beyond every guess.
std::string new_password();

/// Random bytes as lower-case hex (2 characters a byte).
std::string random_hex(std::size_t bytes);

/// base64url without padding (RFC 4648 §5).
std::string base64url(std::string_view bytes);

/// \returns false when the text is no unpadded base64url
bool base64url_decoded(std::string_view text, std::string &bytes);

/// base64 with padding (RFC 4648 §4).
std::string base64(std::string_view bytes);

/// \returns false when the text is no padded base64
bool base64_decoded(std::string_view text, std::string &bytes);

/// HMAC-SHA256 (RFC 2104) of a text, 32 bytes, with a key of any length.
std::string hmac_sha256(std::string_view key, std::string_view text);

/// Random bytes, fit for keys.
std::string random_bytes(std::size_t count);

} // namespace smartflow

#endif

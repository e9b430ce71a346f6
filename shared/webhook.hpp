#ifndef SMARTFLOW_WEBHOOK_HPP
#define SMARTFLOW_WEBHOOK_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smartflow {

/// A new WEBHOOK_SECRET: `whsec_` and 32 random bytes in base64.
std::string new_webhook_secret();

/// The key in a WEBHOOK_SECRET: 24 to 64 bytes behind `whsec_`; nothing when it is no such secret.
std::optional<std::string> webhook_key(std::string_view secret);

/// The signature of a webhook (Standard Webhooks, symmetric): `v1,` and the HMAC-SHA256 of
/// `EVENT.TIMESTAMP.BODY` in base64.
/// \param key          of webhook_key
/// \param event        the webhook's id, the same in every attempt
/// \param unix_seconds of this attempt
std::string webhook_signature(std::string_view key, std::string_view event,
                              std::int64_t unix_seconds, std::string_view body);

/// The header lines of a webhook's POST.
/// \param version of the program, for User-Agent
std::vector<std::string> webhook_headers(std::string_view key, std::string_view event,
                                         std::int64_t unix_seconds, std::string_view body,
                                         std::string_view version);

} // namespace smartflow

#endif

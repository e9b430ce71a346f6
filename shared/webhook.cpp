#include "webhook.hpp"

#include "secrets.hpp"

namespace smartflow {
namespace {

constexpr std::string_view prefix = "whsec_";

} // namespace

std::string new_webhook_secret()
{
    return std::string(prefix) + base64(random_bytes(32));
}

std::optional<std::string> webhook_key(std::string_view secret)
{
    std::optional<std::string> key(std::in_place);
    if (secret.substr(0, prefix.size()) != prefix ||
        !base64_decoded(secret.substr(prefix.size()), *key) || key->size() < 24 ||
        key->size() > 64) {
        key.reset();
    }
    return key;
}

std::string webhook_signature(std::string_view key, std::string_view event,
                              std::int64_t unix_seconds, std::string_view body)
{
    std::string text(event);
    text += "." + std::to_string(unix_seconds) + ".";
    text += body;
    return "v1," + base64(hmac_sha256(key, text));
}

std::vector<std::string> webhook_headers(std::string_view key, std::string_view event,
                                         std::int64_t unix_seconds, std::string_view body,
                                         std::string_view version)
{
    return {"Content-Type: application/json", "User-Agent: SmartFlow/" + std::string(version),
            "webhook-id: " + std::string(event),
            "webhook-timestamp: " + std::to_string(unix_seconds),
            "webhook-signature: " + webhook_signature(key, event, unix_seconds, body)};
}

} // namespace smartflow

#include "credentials.hpp"

#include "secrets.hpp"
#include "text.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>

namespace smartflow {

namespace {

constexpr std::size_t max_token_bytes = 200;
constexpr const char *thirty_days_s = "2592000";

bool same_text(std::string_view a, std::string_view b)
{
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               return std::tolower(static_cast<unsigned char>(x)) ==
                      std::tolower(static_cast<unsigned char>(y));
           });
}

bool is_secure(const Request &request, const Settings &settings)
{
    return same_text(request.https, "on") || settings.public_url.rfind("https://", 0) == 0;
}

std::string cookie_name(const Request &request, const Settings &settings)
{
    std::string name = is_secure(request, settings) ? "__Host-smartflow" : "smartflow";
    // Installations in other folders of the host have cookies of their own.
    std::transform(request.base.begin(), request.base.end(), std::back_inserter(name),
                   [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' ? c : '_'; });
    const std::size_t colon = request.host.rfind(':');
    if (colon != std::string::npos && positive_integer(request.host.substr(colon + 1), 65535)) {
        name += "-" + request.host.substr(colon + 1);
    }
    return name;
}

std::string set_cookie(const Request &request, const Settings &settings, std::string_view value,
                       std::string_view max_age_s)
{
    return cookie_name(request, settings) + "=" + std::string(value) +
           "; Path=/; Max-Age=" + std::string(max_age_s) + "; HttpOnly; SameSite=Strict" +
           (is_secure(request, settings) ? "; Secure" : "");
}

} // namespace

std::string_view bearer_token(std::string_view authorization)
{
    constexpr std::string_view scheme = "bearer ";
    if (!same_text(authorization.substr(0, scheme.size()), scheme)) {
        return {};
    }
    return trimmed(authorization.substr(scheme.size()));
}

std::optional<Credential> presented_credential(const Request &request, const Settings &settings)
{
    Credential credential;
    std::string_view token = bearer_token(request.authorization);
    if (token.empty()) {
        token = cookie_value(request.cookie, cookie_name(request, settings));
        credential.cookie = true;
    }
    if (token.empty() || token.size() > max_token_bytes) {
        return std::nullopt;
    }
    credential.digest = token_digest(token);
    return credential;
}

bool is_cross_site(const Request &request, const Settings &settings)
{
    const std::string &site = request.fetch_site;
    if (!site.empty() && site != "same-origin" && site != "none") {
        return true;
    }
    if (request.origin.empty()) {
        return false;
    }
    if (!settings.public_url.empty()) {
        return !same_text(request.origin, settings.public_url);
    }
    const std::size_t scheme = request.origin.find("://");
    return scheme == std::string::npos ||
           !same_text(std::string_view(request.origin).substr(scheme + 3), request.host);
}

std::string session_cookie(const Request &request, const Settings &settings, std::string_view token)
{
    return set_cookie(request, settings, token, thirty_days_s);
}

std::string expired_cookie(const Request &request, const Settings &settings)
{
    return set_cookie(request, settings, "", "0");
}

} // namespace smartflow

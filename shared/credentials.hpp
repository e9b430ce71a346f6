#ifndef SMARTFLOW_CREDENTIALS_HPP
#define SMARTFLOW_CREDENTIALS_HPP

#include "http.hpp"
#include "settings.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace smartflow {

/// How a request says who it comes from.
struct Credential {
    std::string digest;  ///< of the secret, hex
    bool cookie = false; ///< a browser sent it by itself
};

/// The token of `Authorization: Bearer …` (RFC 6750 §2.1), empty for anything else.
std::string_view bearer_token(std::string_view authorization);

/// The credential of a request; of a cookie and a bearer token the token counts.
std::optional<Credential> presented_credential(const Request &request, const Settings &settings);

/// Whether a browser sent the request from another site's page: by Sec-Fetch-Site (W3C Fetch
/// Metadata), else by Origin. A client that sends neither is no browser.
bool is_cross_site(const Request &request, const Settings &settings);

/// Set-Cookie for a session's secret. The name holds port and folder, because browsers don't tell
/// ports apart (RFC 6265 §8.5) and installations on one host must not mix up.
std::string session_cookie(const Request &request, const Settings &settings,
                           std::string_view token);

/// Set-Cookie that removes it.
std::string expired_cookie(const Request &request, const Settings &settings);

} // namespace smartflow

#endif

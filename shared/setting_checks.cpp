#include "setting_checks.hpp"

#include "mail.hpp"
#include "text.hpp"
#include "webhook.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>

namespace smartflow {
namespace {

/// A whole number without sign, at most 18 digits: leading zeros are let pass.
std::optional<std::int64_t> whole_number(const std::string &text)
{
    const bool digits =
        std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    if (!digits || text.empty() || text.size() > 18) {
        return std::nullopt;
    }
    return std::stoll(text);
}

bool is_address(const std::string &text, int family)
{
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return inet_pton(family, text.c_str(), bytes.data()) == 1;
}

/// An address, or an address with the length of its network in bits.
bool is_network(const std::string &text)
{
    const auto slash = text.find('/');
    const std::string address = text.substr(0, slash);
    const bool v4 = is_address(address, AF_INET);
    if (!v4 && !is_address(address, AF_INET6)) {
        return false;
    }
    if (slash == std::string::npos) {
        return true;
    }
    const auto bits = whole_number(text.substr(slash + 1));
    return bits && *bits <= (v4 ? 32 : 128);
}

/// Whether the host's time zone database has it; true where there is no such database.
bool zone_exists(const std::string &name)
{
    static const std::filesystem::path zones = "/usr/share/zoneinfo";
    std::error_code ignored;
    if (!std::filesystem::is_directory(zones, ignored)) {
        return true;
    }
    std::ifstream file(zones / name, std::ios::binary);
    std::string magic(4, '\0'); // RFC 8536 §3.1: zone.tab and its like are no zones
    return file.read(magic.data(), 4) && magic == "TZif";
}

/// A server's URL: scheme, host and port alone.
struct ServerParts {
    std::string scheme;
    std::string host; ///< lower case, an IPv6 address in brackets
    std::string port; ///< without leading zeros, empty when not given
};

/// \param schemes a regular expression
std::optional<ServerParts> server_parts(std::string url, const std::string &schemes)
{
    const std::regex form("(" + schemes +
                          ")://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\\[[0-9a-f:.]+\\])"
                          "(:[0-9]{1,5})?/?");
    std::transform(url.begin(), url.end(), url.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::smatch parts;
    if (url.size() > 300 || !std::regex_match(url, parts, form)) {
        return std::nullopt;
    }
    const std::string host = parts[2];
    if (host.front() == '[' && !is_address(host.substr(1, host.size() - 2), AF_INET6)) {
        return std::nullopt;
    }
    std::string port = parts[4];
    if (!port.empty() && !check_number(port.erase(0, 1), {1, 65535}).empty()) {
        return std::nullopt;
    }
    return ServerParts{parts[1], host, port};
}

} // namespace

std::string check_text(std::string &value, const SettingBounds &)
{
    std::string reason;
    const auto text = cleaned(value, Lines::one, reason);
    if (!text || text->empty() || code_points(*text) > 1000) {
        return "must be one line of at most 1000 characters, without control characters";
    }
    value = *text;
    return {};
}

std::string check_number(std::string &value, const SettingBounds &bounds)
{
    const auto number = whole_number(value);
    if (!number || *number < bounds.low || *number > bounds.high) {
        return "must be a whole number from " + std::to_string(bounds.low) + " to " +
               std::to_string(bounds.high);
    }
    value = std::to_string(*number);
    return {};
}

std::string check_size(std::string &value, const SettingBounds &bounds)
{
    static const std::string units = "kmg";
    std::string digits = value;
    std::int64_t factor = 1;
    if (!digits.empty()) {
        const auto unit =
            units.find(static_cast<char>(std::tolower(static_cast<unsigned char>(digits.back()))));
        if (unit != std::string::npos) {
            factor = std::int64_t{1} << (10 * (unit + 1));
            digits.pop_back();
        }
    }
    const auto number = whole_number(digits);
    if (!number || *number > bounds.high / factor || *number * factor < bounds.low) {
        return "must be a size such as 200m or 1g, from " + std::to_string(bounds.low >> 20) +
               "m to " + std::to_string(bounds.high >> 30) + "g";
    }
    value = std::to_string(*number * factor);
    return {};
}

std::string check_currency(std::string &value, const SettingBounds &)
{
    const bool capitals =
        std::all_of(value.begin(), value.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    return capitals && value.size() == 3 ? "" : "must be three capital letters such as EUR";
}

std::string check_time_zone(std::string &value, const SettingBounds &)
{
    // No dot, so that no name leads out of the zones' folder.
    const bool plain = value.size() <= 100 && value.front() != '/' &&
                       value.substr(0, 6) != "right/" // PostgreSQL has no leap seconds
                       && std::all_of(value.begin(), value.end(), [](unsigned char c) {
                              return c < 128 && (std::isalnum(c) != 0 || std::strchr("_+-/", c));
                          });
    if (!plain || !zone_exists(value)) {
        return "must be the name of a time zone such as Europe/Berlin";
    }
    return {};
}

std::string check_networks(std::string &value, const SettingBounds &)
{
    std::string list;
    std::size_t at = 0;
    while (at < value.size()) {
        const std::size_t end = std::min(value.find_first_of(", \t", at), value.size());
        const std::string network = value.substr(at, end - at);
        at = end + 1;
        if (network.empty()) {
            continue;
        }
        if (!is_network(network)) {
            return "must be addresses or networks such as 10.0.0.0/8, by comma or space";
        }
        list += (list.empty() ? "" : " ") + network;
    }
    value = list;
    return {};
}

std::string check_log_level(std::string &value, const SettingBounds &)
{
    const bool known =
        value == "debug" || value == "info" || value == "warning" || value == "error";
    return known ? "" : "must be one of: debug, info, warning, error";
}

std::string check_address(std::string &value, const SettingBounds &)
{
    const bool known = is_address(value, AF_INET) || is_address(value, AF_INET6);
    return known ? "" : "must be an IP address such as 127.0.0.1 or ::1";
}

std::string check_public_url(std::string &value, const SettingBounds &)
{
    const auto parts = server_parts(value, "https?");
    if (!parts) {
        return "must be http:// or https:// and a host, with a port where it isn't the usual one, "
               "and without a path";
    }
    // A browser's Origin never names the scheme's own port (RFC 6454 §6.1), and it is compared
    // with this text.
    const bool usual =
        parts->port.empty() || parts->port == (parts->scheme == "https" ? "443" : "80");
    value = parts->scheme + "://" + parts->host + (usual ? "" : ":" + parts->port);
    return {};
}

std::string check_smtp_url(std::string &value, const SettingBounds &)
{
    const auto parts = server_parts(value, "smtps?");
    if (!parts) {
        return "must be smtp:// or smtps:// and a host, with a port where it isn't the usual one";
    }
    value = parts->scheme + "://" + parts->host + (parts->port.empty() ? "" : ":" + parts->port);
    return {};
}

std::string check_smtp_tls(std::string &value, const SettingBounds &)
{
    const bool known = value == "required" || value == "if-offered" || value == "no";
    return known ? "" : "must be one of: required, if-offered, no";
}

std::string check_yes_no(std::string &value, const SettingBounds &)
{
    return value == "yes" || value == "no" ? "" : "must be yes or no";
}

std::string check_webhook_secret(std::string &value, const SettingBounds &)
{
    return webhook_key(value) ? ""
                              : "must be whsec_ and 24 to 64 bytes in base64, as `smartflow "
                                "webhook-secret` prints them";
}

std::string check_mail_from(std::string &value, const SettingBounds &)
{
    return value.size() <= 600 && mailbox_of(value)
               ? ""
               : "must be an e-mail address, or a name and an address in <>";
}

std::string check_setup_token(std::string &value, const SettingBounds &)
{
    const bool visible =
        std::all_of(value.begin(), value.end(), [](char c) { return c >= '!' && c <= '~'; });
    return visible && value.size() >= 24 && value.size() <= 200
               ? ""
               : "must have 24 to 200 visible ASCII characters";
}

std::string check_password(std::string &value, const SettingBounds &)
{
    const std::size_t length = code_points(value);
    return length >= 12 && length <= 1024 ? "" : "must have 12 to 1024 characters";
}

} // namespace smartflow

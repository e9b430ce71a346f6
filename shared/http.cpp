#include "http.hpp"

#include "secrets.hpp"
#include "text.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace smartflow {

namespace {

constexpr Variable variables[] = {
    {"REQUEST_METHOD", &Request::method},
    {"REQUEST_URI", &Request::target},
    {"CONTENT_LENGTH", &Request::content_length},
    {"CONTENT_TYPE", &Request::content_type},
    {"REMOTE_ADDR", &Request::address},
    {"HTTPS", &Request::https},
    {"HTTP_HOST", &Request::host},
    {"HTTP_AUTHORIZATION", &Request::authorization},
    {"HTTP_COOKIE", &Request::cookie},
    {"HTTP_IF_MATCH", &Request::if_match},
    {"HTTP_IF_NONE_MATCH", &Request::if_none_match},
    {"HTTP_IDEMPOTENCY_KEY", &Request::idempotency_key},
    {"HTTP_ORIGIN", &Request::origin},
    {"HTTP_SEC_FETCH_SITE", &Request::fetch_site},
    {"HTTP_USER_AGENT", &Request::user_agent},
    {"HTTP_X_REQUEST_ID", &Request::request_id},
};

constexpr Variable unsettled[] = {
    {"SCRIPT_NAME", &Request::script_name},
    {"REDIRECT_STATUS", &Request::error_status},
    {"REDIRECT_REQUEST_METHOD", &Request::error_method},
    {"HTTP_X_FORWARDED_FOR", &Request::forwarded_for},
    {"HTTP_X_FORWARDED_PROTO", &Request::forwarded_proto},
};

char lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

} // namespace

std::string plain_address(const std::string &given)
{
    std::string address = given.substr(0, given.find('%'));
    in_addr v4{};
    in6_addr v6{};
    if (inet_pton(AF_INET, address.c_str(), &v4) == 1) {
        return address;
    }
    if (inet_pton(AF_INET6, address.c_str(), &v6) != 1) {
        return {};
    }
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
        std::array<char, INET_ADDRSTRLEN> text{};
        inet_ntop(AF_INET, &v6.s6_addr[12], text.data(), text.size());
        return text.data();
    }
    return address;
}

Span<Variable> request_variables() noexcept
{
    return variables;
}

Span<Variable> unsettled_variables() noexcept
{
    return unsettled;
}

std::string_view reason_phrase(int status) noexcept
{
    switch (status) {
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 304: return "Not Modified";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 412: return "Precondition Failed";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 415: return "Unsupported Media Type";
        case 422: return "Unprocessable Content";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 503: return "Service Unavailable";
        default: return "Unknown";
    }
}

std::string timestamp_now()
{
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    const auto seconds = static_cast<std::time_t>(ms / 1000);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 64> text{};
    const int length =
        std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                      utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                      utc.tm_sec, static_cast<int>(ms % 1000));
    return {text.data(), static_cast<std::size_t>(length)};
}

std::string_view cookie_value(std::string_view cookies, std::string_view name) noexcept
{
    while (!cookies.empty()) {
        const std::size_t end = std::min(cookies.find(';'), cookies.size());
        std::string_view pair = cookies.substr(0, end);
        cookies.remove_prefix(std::min(end + 1, cookies.size()));
        while (!pair.empty() && pair.front() == ' ') {
            pair.remove_prefix(1);
        }
        if (pair.size() > name.size() && pair.substr(0, name.size()) == name &&
            pair[name.size()] == '=') {
            return pair.substr(name.size() + 1);
        }
    }
    return {};
}

bool is_media_type(std::string_view content_type, std::string_view wanted) noexcept
{
    content_type = trimmed(content_type.substr(0, content_type.find(';')));
    return content_type.size() == wanted.size() &&
           std::equal(content_type.begin(), content_type.end(), wanted.begin(),
                      [](char a, char b) { return lower(a) == lower(b); });
}

bool is_request_id(std::string_view id) noexcept
{
    return id.size() >= 8 && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](char c) {
               return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '.' ||
                      c == '_' || c == '-';
           });
}

Target split_target(std::string_view target) noexcept
{
    if (target.empty() || target.front() != '/') {
        const std::size_t scheme = target.find("://");
        if (scheme == std::string_view::npos) {
            return {};
        }
        target.remove_prefix(scheme + 3);
        target.remove_prefix(std::min(target.find('/'), target.size()));
    }
    const std::size_t mark = target.find('?');
    if (mark == std::string_view::npos) {
        return {target, {}};
    }
    return {target.substr(0, mark), target.substr(mark + 1)};
}

Request read_request(const std::function<const char *(const char *)> &variable)
{
    Request request;
    for (const Span<Variable> &table : {request_variables(), unsettled_variables()}) {
        for (const Variable &known : table) {
            if (const char *value = variable(known.name)) {
                request.*known.member = value;
            }
        }
    }
    request.address = plain_address(request.address);
    if (!is_request_id(request.request_id)) {
        request.request_id = random_hex(16);
    }
    return request;
}

std::optional<std::uint64_t> body_length(const Request &request)
{
    std::string_view digits = request.content_length;
    if (digits.empty()) {
        return 0;
    }
    digits.remove_prefix(
        std::min(digits.find_first_not_of('0'), digits.size())); // 1*DIGIT: 0018 is 18
    if (digits.empty()) {
        return 0;
    }
    const auto length = positive_integer(digits);
    return length ? std::optional(static_cast<std::uint64_t>(*length)) : std::nullopt;
}

void receive_body(Request &request)
{
    const std::optional<std::uint64_t> length = body_length(request);
    if (!length) {
        request.received = Received::bad_length;
        return;
    }
    if (*length > max_body_bytes) {
        request.received = Received::too_large;
        return;
    }
    request.body.resize(static_cast<std::size_t>(*length));
    std::size_t got = 0;
    while (got < request.body.size()) {
        const std::size_t part = request.read_body ? request.read_body(request.body.data() + got,
                                                                       request.body.size() - got)
                                                   : 0;
        if (part == 0) {
            request.received = Received::cut_short;
            return;
        }
        got += part;
    }
}

} // namespace smartflow

#include "web_server.hpp"

#include "answers.hpp"
#include "text.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace smartflow {

namespace {

constexpr std::string_view programs_folder = "/programs/";

/// An address as bytes, an IPv4 one as IPv6 (RFC 4291 §2.5.5.2); nothing for what is none.
std::optional<in6_addr> address_bytes(std::string_view text)
{
    const std::string address(text);
    in6_addr bytes{};
    if (inet_pton(AF_INET6, address.c_str(), &bytes) == 1) {
        return bytes;
    }
    return inet_pton(AF_INET6, ("::ffff:" + address).c_str(), &bytes) == 1 ? std::optional(bytes)
                                                                           : std::nullopt;
}

bool is_within(const in6_addr &address, const std::string &network)
{
    const std::size_t slash = network.find('/');
    const auto base = address_bytes(network.substr(0, slash));
    if (!base) {
        return false;
    }
    int bits = 128;
    if (slash != std::string::npos) {
        const bool v4 = network.find(':') == std::string::npos;
        bits = std::atoi(network.c_str() + slash + 1) + (v4 ? 96 : 0); // checked with the settings
    }
    for (int i = 0; i < bits; ++i) {
        const auto bit = [i](const in6_addr &of) { return of.s6_addr[i / 8] >> (7 - i % 8) & 1; };
        if (bit(address) != bit(*base)) {
            return false;
        }
    }
    return true;
}

bool is_believed(std::string_view address, const std::vector<std::string> &proxies)
{
    const auto bytes = address_bytes(address);
    return bytes && std::any_of(proxies.begin(), proxies.end(), [&](const std::string &network) {
               return is_within(*bytes, network);
           });
}

/// Takes what stands behind the last comma off a list.
std::string_view take_last(std::string_view &list)
{
    const std::size_t comma = list.rfind(',');
    const std::string_view last = comma == std::string_view::npos ? list : list.substr(comma + 1);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
    return trimmed(last);
}

struct ServerError {
    int status;
    Code code;
    const char *message;
};

/// In the words of nginx/errors.conf; a test holds both together.
constexpr std::array<ServerError, 11> server_errors{{
    {400, Code::bad_request, "This is no readable HTTP request."},
    {404, Code::not_found, "There is nothing at this path."},
    {405, Code::method_not_allowed, "This path doesn't take this method."},
    {408, Code::bad_request, "The request took too long to arrive."},
    {412, Code::precondition_failed, "The precondition doesn't hold."},
    {413, Code::payload_too_large, "The body is too large."},
    {414, Code::bad_request, "The address is too long."},
    {429, Code::rate_limited, "Too many requests; try again later."},
    {431, Code::bad_request, "The header is too large."},
    {500, Code::internal_error, "Something unexpected went wrong."},
    {503, Code::service_unavailable, "The service isn't available at the moment; try again."},
}};

/// What is allowed where there are only static pages.
constexpr const char *page_methods = "GET, HEAD, OPTIONS";

/// What a web server's status is told as.
int told_status(int status)
{
    switch (status) {
        case 401:
        case 403:
        case 416: return 404; // what is closed to everybody isn't there
        case 411:
        case 501:
        case 505: return 400;
        case 500: // a program that gave no answer
        case 502:
        case 504: return 503;
        default: return status;
    }
}

const ServerError &error_of_status(int status)
{
    for (const int wanted : {status, status < 500 ? 400 : 500}) {
        const auto row = std::find_if(server_errors.begin(), server_errors.end(),
                                      [&](const ServerError &e) { return e.status == wanted; });
        if (row != server_errors.end()) {
            return *row;
        }
    }
    return server_errors.front();
}

} // namespace

void separate_base(Request &request)
{
    const std::string &script = request.script_name;
    const std::size_t end = script.rfind(programs_folder);
    if (end == std::string::npos ||
        script.find('/', end + programs_folder.size()) != std::string::npos) {
        return;
    }
    if (request.target.empty() || request.target.front() != '/') { // absolute form
        const Target parts = split_target(request.target);
        request.target =
            std::string(parts.path) + (parts.query.empty() ? "" : "?" + std::string(parts.query));
    }
    const auto folders =
        std::count(script.begin(), script.begin() + static_cast<std::ptrdiff_t>(end), '/');
    const std::size_t path_end = std::min(request.target.find('?'), request.target.size());
    std::size_t at = 0;
    for (std::ptrdiff_t i = 0; i < folders; ++i) {
        at = request.target.find('/', at + 1);
        if (at >= path_end) {
            request.target = "/";
            return;
        }
    }
    request.base = request.target.substr(0, at);
    request.target.erase(0, at);
}

void believe_proxies(Request &request, const std::vector<std::string> &proxies)
{
    if (proxies.empty() || !is_believed(request.address, proxies)) {
        return;
    }
    std::string_view list = request.forwarded_for;
    while (!list.empty() && is_believed(request.address, proxies)) {
        const std::string address = plain_address(std::string(take_last(list)));
        if (address.empty()) {
            break; // no address: who wrote it isn't to be believed
        }
        request.address = address;
    }
    if (request.forwarded_proto == "https") {
        request.https = "on";
    }
}

std::optional<Response> answer_for_web_server(const Request &request)
{
    const std::optional<std::int64_t> given = positive_integer(request.error_status, 599);
    if (!given || *given < 400) {
        return std::nullopt;
    }
    Response response;
    const int status = told_status(static_cast<int>(*given));
    if (status == 405 && request.error_method == "OPTIONS") {
        response = {204, {{"Allow", page_methods}}, {}};
    } else {
        const ServerError &row = error_of_status(status);
        response = error_response(Error(row.code, row.message), page_methods);
        response.status = row.status;
    }
    add_common_headers(response, request);
    response.head_only = request.error_method == "HEAD";
    return response;
}

} // namespace smartflow

#ifndef SMARTFLOW_HTTP_HPP
#define SMARTFLOW_HTTP_HPP

#include "rules.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smartflow {

/// What became of a request's body.
enum class Received {
    whole,
    too_large,  ///< more than is taken; not read
    cut_short,  ///< fewer bytes than Content-Length said
    bad_length, ///< Content-Length is no number
};

/// Fills a buffer with what comes next. \returns the number of bytes, 0 at the end
using ByteSource = std::function<std::size_t(char *into, std::size_t size)>;

/// One request: what the web server said (RFC 3875), and the body, which is read when it is known
/// that it will be taken.
struct Request {
    std::string method;          ///< REQUEST_METHOD
    std::string target;          ///< REQUEST_URI, raw: path and query as the client sent them
    std::string content_length;  ///< CONTENT_LENGTH
    std::string content_type;    ///< CONTENT_TYPE
    std::string address;         ///< REMOTE_ADDR
    std::string https;           ///< HTTPS, `on` under TLS
    std::string host;            ///< HTTP_HOST
    std::string authorization;   ///< HTTP_AUTHORIZATION
    std::string cookie;          ///< HTTP_COOKIE
    std::string if_match;        ///< HTTP_IF_MATCH
    std::string if_none_match;   ///< HTTP_IF_NONE_MATCH
    std::string idempotency_key; ///< HTTP_IDEMPOTENCY_KEY
    std::string origin;          ///< HTTP_ORIGIN
    std::string fetch_site;      ///< HTTP_SEC_FETCH_SITE
    std::string user_agent;      ///< HTTP_USER_AGENT
    std::string request_id;      ///< HTTP_X_REQUEST_ID: checked or made when the request is read
    std::string script_name;     ///< SCRIPT_NAME, where a web server other than nginx sets it
    std::string error_status;    ///< REDIRECT_STATUS, likewise; above 399 an error of the server's
    std::string error_method;    ///< REDIRECT_REQUEST_METHOD: of the request that met the error
    std::string forwarded_for;   ///< HTTP_X_FORWARDED_FOR, for believe_proxies alone
    std::string forwarded_proto; ///< HTTP_X_FORWARDED_PROTO, likewise
    std::string base;            ///< the installation's folder (separate_base): empty, or `/shop`
    ByteSource read_body;        ///< none: there is no body
    std::string body;            ///< what receive_body read
    Received received = Received::whole;
};

/// Bytes of the largest body that is taken whole (contract, section 2).
inline constexpr std::size_t max_body_bytes = std::size_t{1024} * 1024;

/// A variable of the web server and the member it fills.
struct Variable {
    const char *name;
    std::string Request::*member;
};

/// Every variable that nginx is told to pass, and no other.
Span<Variable> request_variables() noexcept;

/// What other web servers pass besides, and nginx has settled before a program sees the request.
Span<Variable> unsettled_variables() noexcept;

using Headers = std::vector<std::pair<std::string, std::string>>;

/// An answer's head, and its body where it isn't streamed.
struct Response {
    int status = 200;
    Headers headers;
    std::string body;
    bool head_only = false; ///< HEAD: the body counts for Content-Length and isn't sent
    bool sent = false;      ///< whoever made it has written it to the output already
};

/// `Not Found` and so on (RFC 9110 §15).
std::string_view reason_phrase(int status) noexcept;

/// Where an answer goes. Either one call of `send`, or `start`, any number of `write`, `finish`.
class Output
{
public:
    virtual ~Output() = default;
    /// Sends a whole answer with its Content-Length.
    virtual void send(const Response &response) = 0;
    /// Sends the head of an answer whose length isn't known yet.
    virtual void start(const Response &head) = 0;
    /// \returns false when the client has gone: what produces the answer is then to stop.
    virtual bool write(std::string_view bytes) = 0;
    /// Ends a started answer. \returns whether the web server has taken all of it
    virtual bool finish() = 0;
    /// Ends a started answer so that the client sees that it is incomplete.
    virtual void abort() = 0;
};

/// The moment as RFC 3339 in UTC with milliseconds, from the system's clock.
std::string timestamp_now();

/// The value of a cookie (RFC 6265 §5.4), empty when there is none of that name.
std::string_view cookie_value(std::string_view cookies, std::string_view name) noexcept;

/// Whether a Content-Type names this media type, parameters apart (RFC 9110 §8.3.1).
bool is_media_type(std::string_view content_type, std::string_view wanted) noexcept;

/// REMOTE_ADDR as PostgreSQL's inet reads it: without an IPv6 zone, an IPv4 address in IPv6 form as
/// itself; empty for what is no address.
std::string plain_address(const std::string &given);

/// The Content-Length in bytes, 0 where there is none; nothing where it is no number (RFC 9110
/// §8.6).
std::optional<std::uint64_t> body_length(const Request &request);

/// Reads the whole body of a request that is small, or says why not in `received`.
void receive_body(Request &request);

/// Fills what `variable` (getenv or its FastCGI like, nullptr when there is none) knows, and makes
/// a request id where the client sent none that will do.
Request read_request(const std::function<const char *(const char *)> &variable);

/// A request's path and query, apart.
struct Target {
    std::string_view path;  ///< raw
    std::string_view query; ///< raw, without `?`
};

/// Splits REQUEST_URI: origin form, or absolute form (RFC 9112 §3.2).
Target split_target(std::string_view target) noexcept;

/// `[A-Za-z0-9._-]{8,128}`
bool is_request_id(std::string_view id) noexcept;

} // namespace smartflow

#endif

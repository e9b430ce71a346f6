#include "error.hpp"

#include "json.hpp"

#include <cstddef>
#include <set>

namespace smartflow {

namespace {

struct CodeRow {
    Code code;
    std::string_view name;
    int status;
    int retry_after_s; ///< what a client is told when nobody knows better; 0 for nothing
};

/// The contract's error table (contract, section 2, Errors).
constexpr CodeRow code_rows[] = {
    {Code::validation_error, "VALIDATION_ERROR", 400, 0},
    {Code::unauthorized, "UNAUTHORIZED", 401, 0},
    {Code::forbidden, "FORBIDDEN", 403, 0},
    {Code::not_found, "NOT_FOUND", 404, 0},
    {Code::method_not_allowed, "METHOD_NOT_ALLOWED", 405, 0},
    {Code::insufficient_stock, "INSUFFICIENT_STOCK", 409, 0},
    {Code::invalid_operation, "INVALID_OPERATION", 409, 0},
    {Code::precondition_failed, "PRECONDITION_FAILED", 412, 0},
    {Code::payload_too_large, "PAYLOAD_TOO_LARGE", 413, 0},
    {Code::unsupported_media_type, "UNSUPPORTED_MEDIA_TYPE", 415, 0},
    {Code::idempotency_key_reused, "IDEMPOTENCY_KEY_REUSED", 422, 0},
    {Code::rate_limited, "RATE_LIMITED", 429, 1},
    {Code::internal_error, "INTERNAL_ERROR", 500, 0},
    {Code::database_error, "DATABASE_ERROR", 503, 1},
    {Code::service_unavailable, "SERVICE_UNAVAILABLE", 503, 1},
    {Code::bad_request, "BAD_REQUEST", 400, 0},
};

/// The row of a code, found by its place: the table is in the order of the enumeration.
const CodeRow &row_of(Code code) noexcept
{
    return code_rows[static_cast<std::size_t>(code)];
}

/// Whether every row stands where row_of looks for it.
constexpr bool rows_in_order()
{
    std::size_t place = 0;
    for (const CodeRow &row : code_rows) {
        if (static_cast<std::size_t>(row.code) != place++) {
            return false;
        }
    }
    return place == static_cast<std::size_t>(Code::bad_request) + 1;
}
static_assert(rows_in_order());

} // namespace

Error::Error(Code code, const std::string &message, Details details)
    : std::runtime_error(message), code_(code), details_(std::move(details)),
      retry_after_s_(row_of(code).retry_after_s)
{}

Error &Error::because(std::string cause)
{
    cause_ = std::move(cause);
    return *this;
}

Error &Error::retry_after(int seconds)
{
    retry_after_s_ = seconds;
    return *this;
}

int Error::status() const noexcept
{
    return status_of(code_);
}

Error validation_error(Details details)
{
    return {Code::validation_error, "The request is not valid.", std::move(details)};
}

std::string_view code_name(Code code) noexcept
{
    return row_of(code).name;
}

Code code_of(std::string_view name) noexcept
{
    for (const CodeRow &row : code_rows) {
        if (row.name == name) {
            return row.code;
        }
    }
    return Code::internal_error;
}

int status_of(Code code) noexcept
{
    return row_of(code).status;
}

std::string error_body(std::string_view code, std::string_view message, const Details &details,
                       std::string_view timestamp)
{
    std::string body = "{\"error\":";
    append_json_string(body, message);
    body += ",\"code\":";
    append_json_string(body, code);
    body += ",\"details\":{";
    // A client can name a field so that it looks like another's path; a key stands only once.
    std::set<std::string_view> written;
    for (const auto &[field, reason] : details) {
        if (!written.insert(field).second) {
            continue;
        }
        if (written.size() > 1) {
            body += ',';
        }
        append_json_string(body, field);
        body += ':';
        append_json_string(body, reason);
    }
    body += "},\"timestamp\":";
    append_json_string(body, timestamp);
    body += '}';
    return body;
}

} // namespace smartflow

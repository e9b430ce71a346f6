#ifndef SMARTFLOW_ERROR_HPP
#define SMARTFLOW_ERROR_HPP

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stdexcept>

namespace smartflow {

/// Every code of the contract's error table (contract, section 2, Errors).
enum class Code {
    validation_error,
    unauthorized,
    forbidden,
    not_found,
    method_not_allowed,
    insufficient_stock,
    invalid_operation,
    precondition_failed,
    payload_too_large,
    unsupported_media_type,
    idempotency_key_reused,
    rate_limited,
    internal_error,
    database_error,
    service_unavailable,
    bad_request,
};

/// What is wrong, by field: `{"items[1].quantity", "must be greater than 0"}`, in the order found.
using Details = std::vector<std::pair<std::string, std::string>>;

/// A refusal, thrown anywhere below dispatch, turned into a response there and nowhere else.
class Error : public std::runtime_error
{
public:
    /// \param code     decides the status
    /// \param message  shown to the client: never text from the driver, SQL or paths
    /// \param details  the wrong fields, empty when there is nothing to add
    Error(Code code, const std::string &message, Details details = {});

    Code code() const noexcept { return code_; }
    const Details &details() const noexcept { return details_; }

    /// What the log says besides; the client never sees it.
    Error &because(std::string cause);
    const std::string &cause() const noexcept { return cause_; }

    /// Seconds for `Retry-After`; 0 for no such header.
    Error &retry_after(int seconds);
    int retry_after_s() const noexcept { return retry_after_s_; }

    int status() const noexcept;

private:
    Code code_;
    Details details_;
    std::string cause_;
    int retry_after_s_ = 0;
};

/// The one VALIDATION_ERROR, with all that a step found at once.
Error validation_error(Details details);

/// `VALIDATION_ERROR` and so on, as the client sees it.
std::string_view code_name(Code code) noexcept;

/// The code of that name; internal_error for a name the contract doesn't have.
Code code_of(std::string_view name) noexcept;

/// The HTTP status that belongs to the code.
int status_of(Code code) noexcept;

/// The guide's error body, without its timestamp's clock: `timestamp` is written as given.
std::string error_body(std::string_view code, std::string_view message, const Details &details,
                       std::string_view timestamp);

} // namespace smartflow

#endif

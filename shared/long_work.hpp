#ifndef SMARTFLOW_LONG_WORK_HPP
#define SMARTFLOW_LONG_WORK_HPP

#include "admin_connection.hpp"
#include "error.hpp"

#include <string>

namespace smartflow {

struct Settings;

/// What a failure of the administrator's connection means to a client.
Error error_of(const AdminError &failure);

/// Runs something that talks to PostgreSQL. \throws Error where it throws AdminError
template <typename Work>
auto translated(const Work &work) -> decltype(work())
{
    try {
        return work();
    } catch (const AdminError &failure) {
        throw error_of(failure);
    }
}

/// A request's own database connection, for work that takes as long as it takes: exports, imports,
/// full checks. Few run at once in a process, so that they leave the database to the short
/// requests.
class LongWork
{
public:
    /// \throws Error (SERVICE_UNAVAILABLE) when too many run, (DATABASE_ERROR) when there is no
    ///         connection
    LongWork(const Settings &settings, const std::string &family);
    ~LongWork();
    LongWork(const LongWork &) = delete;
    LongWork &operator=(const LongWork &) = delete;

    /// Where to copy and fetch; what it throws is to be translated.
    AdminConnection &connection() noexcept { return *connection_; }

    /// Runs statements. \throws Error
    void run(const std::string &statements);

    /// See Call, without rows; an Idempotency-Key is heeded. In the transaction that is open.
    /// \throws Error
    Reply call(const std::string &function, const Arguments &arguments);

    /// The same for where the failure's SQLSTATE counts. \throws AdminError
    Reply untranslated_call(const std::string &function, const Arguments &arguments);

private:
    std::unique_ptr<AdminConnection> connection_;
};

} // namespace smartflow

#endif

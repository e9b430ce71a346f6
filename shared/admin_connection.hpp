#ifndef SMARTFLOW_ADMIN_CONNECTION_HPP
#define SMARTFLOW_ADMIN_CONNECTION_HPP

#include "database.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace smartflow {

/// A statement that the database refused, or a server that wasn't reached.
class AdminError : public std::runtime_error
{
public:
    /// \param message  the server's own text: for an administrator's terminal, never for a client
    /// \param sqlstate five characters, empty when the server said nothing
    AdminError(const std::string &message, std::string sqlstate)
        : std::runtime_error(message), sqlstate_(std::move(sqlstate))
    {}

    const std::string &sqlstate() const noexcept { return sqlstate_; }

private:
    std::string sqlstate_;
};

/// The role of a connection through a Unix socket, whose server may ask the system who calls.
/// \param url as AdminConnection takes it
/// \returns the empty string where no role or no socket is named
std::string role_through_socket(const std::string &url);

/// Takes a line for the administrator.
using LineSink = std::function<void(const std::string &line)>;

/// A connection for work that isn't a short request: migrations, the command line, exports and
/// imports. One at a time, no pool, never reconnected behind one's back (a session's advisory lock
/// would be lost with it). It speaks libpq since it sends files of many statements, copies, and
/// needs every error's SQLSTATE.
class AdminConnection
{
public:
    using Value = std::optional<std::string>;
    using Values = std::vector<Value>;

    /// \param url    as libpq takes it, URL or `name=value` words; empty for libpq's own defaults
    /// \param notice gets the server's notices and warnings; none for nobody
    /// \throws AdminError when the server can't be reached
    explicit AdminConnection(const std::string &url, LineSink notice = {});
    ~AdminConnection();
    AdminConnection(const AdminConnection &) = delete;
    AdminConnection &operator=(const AdminConnection &) = delete;

    /// From now on a server that says nothing for too long is given up, and the connection lost.
    /// \param statement how long a whole statement may take
    /// \param part      how long the next rows of a cursor may, or to take a part of a copy
    /// \throws AdminError where the process has no descriptor left
    void limit_silence(std::chrono::seconds statement, std::chrono::seconds part);

    /// Runs any number of statements.
    /// \throws AdminError
    void run(const std::string &statements);

    /// Runs one statement with its parameters $1, $2… as text.
    /// \returns its rows
    /// \throws AdminError
    std::vector<Values> rows(const std::string &statement, const Values &parameters = {});

    /// The single value of a statement that gives one row; nothing for no row or NULL.
    /// \throws AdminError
    Value value(const std::string &statement, const Values &parameters = {});

    /// Gives every row of an open cursor to the sink; the server works on the next rows meanwhile.
    /// \returns false when the sink wanted no more
    /// \throws AdminError
    bool fetch(const std::string &cursor, const RowSink &sink);

    /// Begins a `COPY … FROM STDIN`; copy_data any number of times, then copy_end.
    /// \throws AdminError
    void copy_begin(const std::string &statement);

    /// Sends a part of a copy, cut anywhere. \throws AdminError
    void copy_data(std::string_view bytes);

    /// Ends a copy. \throws AdminError for what was wrong in it
    void copy_end();

    /// Waits for a notification of a channel that a LISTEN named; one that came before counts.
    /// \param timeout_ms      at most so long
    /// \param wake_descriptor becomes readable when the wait is to end at once; -1 for none
    /// \returns whether there was one; all that had come by then are taken
    /// \throws AdminError when the connection is lost
    bool wait_for_notification(int timeout_ms, int wake_descriptor = -1);

    /// Whether a transaction is open and unharmed.
    bool in_transaction() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace smartflow

#endif

#ifndef SMARTFLOW_ADMIN_CONNECTION_HPP
#define SMARTFLOW_ADMIN_CONNECTION_HPP

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

/// Takes a line for the administrator.
using LineSink = std::function<void(const std::string &line)>;

/// The owner's connection, for migrations and the command line: one at a time, no pool, never
/// reconnected behind one's back (a session's advisory lock would be lost with it). It speaks libpq
/// since it sends files of many statements and needs every error's SQLSTATE.
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

#include "admin_connection.hpp"

#include "column_kind.hpp"
#include "watchdog.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <unistd.h>

namespace smartflow {
namespace {

using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

constexpr int rows_a_fetch = 500; ///< of a cursor; two such parts are in memory

/// Text of libpq without the newline that it ends with.
std::string line_of(const char *text)
{
    std::string line = text == nullptr ? "" : text;
    while (!line.empty() && line.back() == '\n') {
        line.pop_back();
    }
    return line;
}

std::vector<Column> columns_of(const PGresult *result)
{
    std::vector<Column> columns;
    columns.reserve(static_cast<std::size_t>(PQnfields(result)));
    for (int i = 0; i < PQnfields(result); ++i) {
        columns.emplace_back(PQfname(result, i), column_kind(PQftype(result, i)));
    }
    return columns;
}

} // namespace

/// Watches a server while it is waited for. The watched descriptor is one of its own: libpq closes
/// the socket of a connection that it loses.
class Patience
{
public:
    Patience(int socket, std::chrono::seconds longest_statement, std::chrono::seconds longest_part)
        : statement(longest_statement), part(longest_part),
          socket_(::fcntl(socket, F_DUPFD_CLOEXEC, 0))
    {
        if (socket_ < 0) {
            throw AdminError(std::strerror(errno), "");
        }
    }
    ~Patience()
    {
        watch_.end();
        ::close(socket_);
    }
    Patience(const Patience &) = delete;
    Patience &operator=(const Patience &) = delete;

    void begin(std::chrono::seconds limit)
    {
        watch_.begin(socket_, Watchdog::Clock::now() + limit);
    }
    void end() { watch_.end(); }

    const std::chrono::seconds statement;
    const std::chrono::seconds part;

private:
    int socket_;
    Watchdog dog_;
    Watchdog::Watch watch_{dog_};
};

namespace {

/// As long as it lives, the server's answer is waited for, where there is a limit to that.
class Waiting
{
public:
    Waiting(const std::unique_ptr<Patience> &patience, const std::chrono::seconds Patience::*limit)
        : patience_(patience.get())
    {
        if (patience_ != nullptr) {
            patience_->begin(patience_->*limit);
        }
    }
    ~Waiting()
    {
        if (patience_ != nullptr) {
            patience_->end();
        }
    }
    Waiting(const Waiting &) = delete;
    Waiting &operator=(const Waiting &) = delete;

private:
    Patience *patience_;
};

} // namespace

std::string role_through_socket(const std::string &url)
{
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(url.c_str(), nullptr), &PQconninfoFree);
    std::string host;
    std::string role;
    for (const PQconninfoOption *option = options.get();
         option != nullptr && option->keyword != nullptr; ++option) {
        const std::string value = option->val == nullptr ? "" : option->val;
        host = std::strcmp(option->keyword, "host") == 0 ? value : host;
        role = std::strcmp(option->keyword, "user") == 0 ? value : role;
    }
    return !host.empty() && host.front() == '/' ? role : "";
}

struct AdminConnection::State {
    std::unique_ptr<PGconn, decltype(&PQfinish)> connection{nullptr, &PQfinish};
    LineSink notice;
    std::unique_ptr<Patience> patience; ///< none: for ever

    /// Takes all notifications that have come. \returns whether there were any
    bool take_notifications() const
    {
        bool any = false;
        while (PGnotify *notification = PQnotifies(connection.get())) {
            PQfreemem(notification);
            any = true;
        }
        return any;
    }

    /// \returns false when the sink wants no more
    static bool pass_rows(const PGresult *result, const std::vector<Column> &columns,
                          const RowSink &sink)
    {
        Row row{&columns, std::vector<const char *>(columns.size())};
        for (int at = 0; at < PQntuples(result); ++at) {
            for (std::size_t i = 0; i < columns.size(); ++i) {
                const int column = static_cast<int>(i);
                const bool null = PQgetisnull(result, at, column) != 0;
                row.values[i] = column_text(PQftype(result, column),
                                            null ? nullptr : PQgetvalue(result, at, column));
            }
            if (!sink(row)) {
                return false;
            }
        }
        return true;
    }

    /// \throws AdminError for a result that is an error
    Result checked(PGresult *raw) const
    {
        Result result(raw, &PQclear);
        const ExecStatusType status = PQresultStatus(raw);
        if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
            status == PGRES_EMPTY_QUERY) {
            return result;
        }
        const char *sqlstate = PQresultErrorField(raw, PG_DIAG_SQLSTATE);
        const char *text = raw == nullptr ? nullptr : PQresultErrorMessage(raw);
        throw AdminError(
            line_of(text != nullptr && *text != '\0' ? text : PQerrorMessage(connection.get())),
            sqlstate == nullptr ? "" : sqlstate);
    }
};

AdminConnection::AdminConnection(const std::string &url, LineSink notice)
    : state_(std::make_unique<State>())
{
    state_->notice = std::move(notice);
    // A later word beats an earlier one, so the URL may have another time limit but no encoding.
    // What takes hours may be silent for as long, but not the network: that is noticed in a minute.
    const char *words[] = {"connect_timeout",  "keepalives_idle",           "keepalives_interval",
                           "keepalives_count", "tcp_user_timeout",          "dbname",
                           "client_encoding",  "fallback_application_name", nullptr};
    const char *values[] = {"10",        "30",   "10",        "3",    "60000",
                            url.c_str(), "UTF8", "smartflow", nullptr};
    state_->connection.reset(PQconnectdbParams(words, values, 1));
    PGconn *connection = state_->connection.get();
    if (connection == nullptr || PQstatus(connection) != CONNECTION_OK) {
        throw AdminError(line_of(PQerrorMessage(connection)), "");
    }
    PQsetNoticeProcessor(
        connection,
        [](void *state, const char *text) {
            const LineSink &sink = static_cast<State *>(state)->notice;
            if (sink) {
                sink(line_of(text));
            }
        },
        state_.get());
}

AdminConnection::~AdminConnection() = default;

void AdminConnection::limit_silence(std::chrono::seconds statement, std::chrono::seconds part)
{
    state_->patience =
        std::make_unique<Patience>(PQsocket(state_->connection.get()), statement, part);
}

void AdminConnection::run(const std::string &statements)
{
    if (statements.find('\0') != std::string::npos) { // libpq would leave out what follows
        throw AdminError("the statements contain a NUL byte", "");
    }
    const Waiting waiting(state_->patience, &Patience::statement);
    state_->checked(PQexec(state_->connection.get(), statements.c_str()));
}

std::vector<AdminConnection::Values> AdminConnection::rows(const std::string &statement,
                                                           const Values &parameters)
{
    std::vector<const char *> texts;
    texts.reserve(parameters.size());
    for (const Value &parameter : parameters) {
        texts.push_back(parameter ? parameter->c_str() : nullptr);
    }
    const Waiting waiting(state_->patience, &Patience::statement);
    const Result result = state_->checked(PQexecParams(state_->connection.get(), statement.c_str(),
                                                       static_cast<int>(texts.size()), nullptr,
                                                       texts.data(), nullptr, nullptr, 0));
    std::vector<Values> table(static_cast<std::size_t>(PQntuples(result.get())));
    for (std::size_t row = 0; row < table.size(); ++row) {
        for (int column = 0; column < PQnfields(result.get()); ++column) {
            const int at = static_cast<int>(row);
            table[row].push_back(PQgetisnull(result.get(), at, column) != 0
                                     ? Value()
                                     : Value(PQgetvalue(result.get(), at, column)));
        }
    }
    return table;
}

AdminConnection::Value AdminConnection::value(const std::string &statement,
                                              const Values &parameters)
{
    const std::vector<Values> table = rows(statement, parameters);
    return table.empty() || table.front().empty() ? Value() : table.front().front();
}

bool AdminConnection::fetch(const std::string &cursor, const RowSink &sink)
{
    PGconn *connection = state_->connection.get();
    const std::string statement =
        "fetch forward " + std::to_string(rows_a_fetch) + " from \"" + cursor + "\"";
    const auto ask = [&] {
        if (PQsendQuery(connection, statement.c_str()) == 0) {
            throw AdminError(line_of(PQerrorMessage(connection)), "");
        }
    };
    const auto answer = [&] {
        const Waiting waiting(state_->patience, &Patience::part);
        Result result(PQgetResult(connection), &PQclear);
        while (PGresult *more = PQgetResult(connection)) { // nullptr: ready for the next
            PQclear(more);
        }
        return state_->checked(result.release());
    };
    std::vector<Column> columns;
    ask();
    for (;;) {
        const Result part = answer();
        const int rows = PQntuples(part.get());
        if (rows == 0) {
            return true;
        }
        ask();
        if (columns.empty()) {
            columns = columns_of(part.get());
        }
        if (!state_->pass_rows(part.get(), columns, sink)) {
            answer();
            return false;
        }
    }
}

void AdminConnection::copy_begin(const std::string &statement)
{
    const Waiting waiting(state_->patience, &Patience::part);
    const Result result(PQexec(state_->connection.get(), statement.c_str()), &PQclear);
    if (PQresultStatus(result.get()) != PGRES_COPY_IN) {
        const char *sqlstate = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
        throw AdminError(line_of(PQerrorMessage(state_->connection.get())),
                         sqlstate == nullptr ? "" : sqlstate);
    }
}

void AdminConnection::copy_data(std::string_view bytes)
{
    PGconn *connection = state_->connection.get();
    int sent = 0;
    {
        const Waiting waiting(state_->patience, &Patience::part);
        sent = PQputCopyData(connection, bytes.data(), static_cast<int>(bytes.size()));
    }
    if (sent != 1) {
        copy_end(); // says why, where the server said it
        throw AdminError(line_of(PQerrorMessage(connection)), "");
    }
}

void AdminConnection::copy_end()
{
    PGconn *connection = state_->connection.get();
    const Waiting waiting(state_->patience, &Patience::part);
    if (PQputCopyEnd(connection, nullptr) != 1) {
        throw AdminError(line_of(PQerrorMessage(connection)), "");
    }
    Result result(PQgetResult(connection), &PQclear);
    while (PGresult *more = PQgetResult(connection)) {
        PQclear(more);
    }
    state_->checked(result.release());
}

bool AdminConnection::wait_for_notification(int timeout_ms, int wake_descriptor)
{
    PGconn *connection = state_->connection.get();
    if (state_->take_notifications()) {
        return true;
    }
    std::array<pollfd, 2> waited{{{PQsocket(connection), POLLIN, 0}, {wake_descriptor, POLLIN, 0}}};
    if (::poll(waited.data(), waited.size(), timeout_ms) < 0 && errno != EINTR) {
        throw AdminError(std::strerror(errno), "");
    }
    if (waited[0].revents != 0 && PQconsumeInput(connection) == 0) {
        throw AdminError(line_of(PQerrorMessage(connection)), "");
    }
    return state_->take_notifications();
}

bool AdminConnection::in_transaction() const noexcept
{
    return PQtransactionStatus(state_->connection.get()) == PQTRANS_INTRANS;
}

} // namespace smartflow

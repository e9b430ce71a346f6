#ifndef SMARTFLOW_DATABASE_HPP
#define SMARTFLOW_DATABASE_HPP

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smartflow {

class DatabasePool;
struct Companies;
struct Settings;

/// What every SQL function of the API takes: the composite type smartflow_api.request, field by
/// field and in its order (sql/functions/00_request.sql).
struct Arguments {
    std::optional<std::string> credential; ///< SHA-256 of the session's or token's secret, hex
    std::string role;                      ///< least role that may: `staff`, `admin`, or empty
    bool write = false;                    ///< an unsafe method: a read-only token is refused
    bool released = false;   ///< others needn't wait for the disk behind what it locks
    bool cross_site = false; ///< came with a cookie from another site: refused
    std::string request_id;
    std::string address; ///< the client's, IPv4 or IPv6; empty when unknown
    std::string user_agent;
    std::optional<std::string> key;         ///< digest of method, path and Idempotency-Key, hex
    std::optional<std::string> fingerprint; ///< keyed hash of the request, hex
    std::optional<std::string> if_match;
    std::optional<std::string> if_none_match;
    std::optional<std::int64_t> id; ///< of the path
    std::string time_zone;          ///< the shop's
    std::string input = "{}";       ///< the checked body and query as one JSON object
};

/// What an SQL function answers: the composite type smartflow_api.response.
struct Reply {
    int status = 200;
    std::optional<std::string> etag;
    std::optional<std::string> location;
    std::optional<std::string> body; ///< JSON, passed through unparsed
    bool replayed = false;           ///< an idempotency key's stored outcome
};

/// A column of a row: its name is the JSON key; names beginning with `#` aren't for the client.
struct Column {
    /// text: a JSON string; raw: JSON as it is; instant: a timestamp in UTC; row: the whole row's
    /// JSON, made in SQL (`#json`)
    enum class Kind { text, raw, instant, row };
    Column(std::string name, Kind kind);
    std::string name;
    std::string member; ///< what stands before its value in an object: `"name":`; empty for `#name`
    Kind kind;
};

/// One row of a list, as text; a missing value is a null pointer. A list without any gives one
/// without values, for its columns' sake.
struct Row {
    const std::vector<Column> *columns;
    std::vector<const char *> values;
};

/// Takes the rows of a list one by one. \returns false to stop.
using RowSink = std::function<bool(const Row &)>;

/// The database as a function: calls smartflow_api.NAME and gives its reply; a list's rows go to
/// the sink instead (function name ending in `_list`: one page; in `_stream`: all, a part at a time
/// from one snapshot, its reply's body being the count when one was asked for).
/// \throws Error with the contract's code; nothing of the driver's text but in its cause
using Call = std::function<Reply(const std::string &function, const Arguments &, const RowSink &)>;

/// A family's few connections, shared by its threads.
class Database
{
public:
    /// \param family    takes the place of `{family}` in DATABASE_URL
    /// \param functions what is prepared when a connection is made; none under CGI, where each
    ///        call is one round trip anyway
    Database(const Settings &settings, const std::string &family,
             std::vector<std::string> functions);
    ~Database();
    Database(const Database &) = delete;
    Database &operator=(const Database &) = delete;

    /// See Call. One statement, one round trip, atomic because a statement is a transaction.
    Reply call(const std::string &function, const Arguments &arguments, const RowSink &sink);

    /// Closes connections that nobody has used for so long: they cost the server memory, and a host
    /// with few of them may want them elsewhere.
    void close_idle(std::chrono::seconds idle);

private:
    Reply stream(const std::string &function, const Arguments &arguments, const RowSink &sink);

    std::unique_ptr<DatabasePool> pool_;
    std::unique_ptr<Companies> companies_;
};

/// DATABASE_URL for a family.
std::string connection_string(const Settings &settings, const std::string &family);

} // namespace smartflow

#endif

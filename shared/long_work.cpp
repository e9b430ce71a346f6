#include "long_work.hpp"

#include "parameters.hpp"
#include "settings.hpp"
#include "sqlstate.hpp"

#include <atomic>

namespace smartflow {

namespace {

constexpr int most_at_once = 4; ///< of a process
std::atomic<int> running{0};    // a count of what this process does, no state of any request

/// How long a statement may take: as long as a web server waits for it (nginx/render.sh).
constexpr auto statement_patience = std::chrono::hours(1);

/// How often STATEMENT_TIMEOUT a server may keep silent over the next rows: it may be sorting all.
constexpr int part_patience = 10;

} // namespace

Error error_of(const AdminError &failure)
{
    const std::string &state = failure.sqlstate();
    const bool passing = state.empty() || state == "40001" || state == "40P01";
    return passing || is_reloading(state) ? unavailable(state + " " + failure.what())
                                          : error_of(state, failure.what());
}

LongWork::LongWork(const Settings &settings, const std::string &family)
{
    if (++running > most_at_once) {
        --running;
        throw Error(Code::service_unavailable, "Exports and imports are running already.")
            .because("too many at once")
            .retry_after(10);
    }
    try {
        connection_ = translated([&] {
            auto connection =
                std::make_unique<AdminConnection>(connection_string(settings, family));
            connection->limit_silence(
                statement_patience,
                std::chrono::seconds(part_patience * settings.statement_timeout_s));
            connection->run("set statement_timeout = 0;"
                            "set idle_in_transaction_session_timeout = '10min'");
            return connection;
        });
    } catch (...) {
        --running;
        throw;
    }
}

LongWork::~LongWork()
{
    connection_.reset();
    --running;
}

void LongWork::run(const std::string &statements)
{
    translated([&] { connection_->run(statements); });
}

Reply LongWork::call(const std::string &function, const Arguments &arguments)
{
    return translated([&] { return untranslated_call(function, arguments); });
}

Reply LongWork::untranslated_call(const std::string &function, const Arguments &arguments)
{
    AdminConnection::Values values{request_parameter(arguments)};
    if (arguments.key) {
        values.emplace_back(function);
    }
    const std::string statement = call_statement(arguments.key ? idempotent_call : function);
    const auto rows = connection_->rows(statement, values);
    if (rows.empty() || !rows[0][0]) {
        throw Error(Code::internal_error, "Something went wrong here.")
            .because(function + " gave no response");
    }
    const AdminConnection::Values &row = rows[0];
    Reply reply;
    reply.status = std::stoi(*row[0]);
    reply.etag = row[1];
    reply.location = row[2];
    reply.body = row[3];
    reply.replayed = row[4] == "t";
    return reply;
}

} // namespace smartflow

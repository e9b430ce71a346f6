#include "database.hpp"

#include "database_call.hpp"
#include "database_company.hpp"
#include "database_pool.hpp"
#include "database_rows.hpp"
#include "parameters.hpp"
#include "settings.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace smartflow {

namespace {

constexpr int streamed_rows_a_fetch = 200; ///< of a stream

} // namespace

std::string connection_string(const Settings &settings, const std::string &family)
{
    std::string url = settings.database_url;
    const std::string placeholder = "{family}";
    for (std::size_t at = url.find(placeholder); at != std::string::npos;
         at = url.find(placeholder, at)) {
        url.replace(at, placeholder.size(), family);
        at += family.size();
    }
    return url;
}

Database::Database(const Settings &settings, const std::string &family,
                   std::vector<std::string> functions)
{
    // Defaults of every connection that cost no round trip; what the URL itself says counts more.
    setenv("PGTZ", "UTC", 1);
    setenv("PGDATESTYLE", "ISO", 1);
    setenv("PGCLIENTENCODING", "UTF8", 1);
    setenv("PGCONNECT_TIMEOUT", "5", 0);
    setenv("PGAPPNAME", ("smartflow " + family).c_str(), 0);
    // Compiling a short query, or starting processes for it, takes longer than the query; and at
    // PostgreSQL's price for a page read at random (4) plans pass indexes by, which costs an order
    // four tenths more.
    setenv("PGOPTIONS",
           ("-c jit=off -c max_parallel_workers_per_gather=0 -c random_page_cost=1.1"
            " -c statement_timeout=" +
            std::to_string(settings.statement_timeout_s) + "s")
               .c_str(),
           0);
    pool_ = std::make_unique<DatabasePool>(connection_string(settings, family), settings,
                                           std::move(functions));
    const auto connections = static_cast<std::size_t>(settings.database_connections);
    companies_ = std::make_unique<Companies>(*pool_, std::max<std::size_t>(connections / 2, 1));
}

Database::~Database() = default;

void Database::close_idle(std::chrono::seconds idle)
{
    pool_->close_idle(idle);
}

Reply Database::call(const std::string &function, const Arguments &arguments, const RowSink &sink)
{
    if (ends_with(function, "_stream")) {
        return stream(function, arguments, sink);
    }
    // All of the answer is here before a slow client gets it, and the connection is free again.
    Gathering::Outcome outcome = in_company(*pool_, *companies_, function, arguments);
    if (std::holds_alternative<std::monostate>(outcome)) {
        DatabasePool::Lease lease(*pool_, false);
        outcome = outcome_of(function, answer(*pool_, lease, function, arguments), false);
    }
    if (auto *rows = std::get_if<std::shared_ptr<Rows>>(&outcome)) {
        (*rows)->pass(sink);
        return Reply();
    }
    return std::get<Reply>(std::move(outcome));
}

Reply Database::stream(const std::string &function, const Arguments &arguments, const RowSink &sink)
{
    DatabasePool::Lease lease(*pool_, true);
    std::vector<Column> columns;
    const auto pass = [&](const pqxx::result &part) {
        const DatabasePool::Lease::Pause as_slowly_as_the_client_reads(lease);
        return pass_rows(part, columns, sink);
    };
    try {
        return driver_translated([&] {
            const std::string request = request_parameter(arguments);
            // What only reads can't note that the session is in use.
            pqxx::nontransaction(lease.link()).exec_params(call_statement("any_session"), request);
            using Snapshot = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;
            Snapshot snapshot(lease.link());
            Reply reply = reply_of(snapshot.exec_params(call_statement(function), request));
            if (reply.body) {
                const std::vector<Column> total{{"#total", Column::Kind::raw}};
                if (!sink({&total, {reply.body->c_str()}})) {
                    return reply;
                }
            }
            const std::string fetch =
                "fetch forward " + std::to_string(streamed_rows_a_fetch) + " from rows";
            for (;;) {
                const pqxx::result part = snapshot.exec(fetch);
                if (columns.empty()) {
                    columns = columns_of(part);
                    if (part.empty()) {
                        pass(part);
                    }
                }
                if (part.empty() || !pass(part)) {
                    return reply;
                }
            }
        });
    } catch (const TryAgain &again) {
        lease.drop();
        throw unavailable((lease.overdue() ? late : "") + again.cause);
    }
}

} // namespace smartflow

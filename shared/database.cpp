#include "database.hpp"

#include "database_gathering.hpp"
#include "database_pool.hpp"
#include "database_rows.hpp"
#include "error.hpp"
#include "parameters.hpp"
#include "settings.hpp"
#include "sqlstate.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <thread>

namespace smartflow {

namespace {

constexpr const char *late = "no answer in time: "; ///< before a cause
constexpr int max_attempts = 5;                     ///< of a lost serialisation or a deadlock
constexpr int streamed_rows_a_fetch = 200;          ///< of a stream
constexpr std::size_t most_readers = 64;            ///< readers in a group

/// Not a failure of the request: the same connection, or a new one, may do it.
struct TryAgain {
    std::string cause;
    bool reconnect; ///< this connection is of no more use
    bool undone;    ///< certainly nothing was done, so that even a write may be repeated
};

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

namespace {

/// Runs something that talks to PostgreSQL and says what its failure means.
template <typename Work>
auto driver_translated(const Work &work) -> decltype(work())
{
    try {
        return work();
    } catch (const Error &) {
        throw;
    } catch (const pqxx::transaction_rollback &failure) {
        throw TryAgain{failure.what(), false, true}; // 40001, 40P01: undone, nothing has happened
    } catch (const pqxx::too_many_connections &failure) {
        throw unavailable(failure.what());
    } catch (const pqxx::broken_connection &failure) {
        throw TryAgain{failure.what(), true, false};
    } catch (const pqxx::insufficient_privilege &failure) {
        throw error_of("42501", failure.what()); // libpqxx leaves its sqlstate empty
    } catch (const pqxx::sql_error &failure) {
        const std::string &state = failure.sqlstate();
        if (state == "0A000" || state == "25006") { // a changed plan; a server that only reads
            throw TryAgain{state + " " + failure.what(), true, true};
        }
        if (is_reloading(state)) {
            throw TryAgain{state + " " + failure.what(), false, true};
        }
        if (starts_with(state, "57P")) {
            throw TryAgain{state + " " + failure.what(), true, false};
        }
        throw error_of(state, failure.what());
    } catch (const pqxx::failure &failure) {
        throw TryAgain{failure.what(), true, false};
    } catch (const std::exception &failure) {
        throw Error(Code::internal_error, "Something went wrong here.").because(failure.what());
    }
}

/// Waits until what a refusal rests on is on disk: it may be a commit that a crash would undo yet.
/// \throws Error (DATABASE_ERROR) when that can't be known
void flush(pqxx::connection &link)
{
    try {
        pqxx::nontransaction(link).exec("select smartflow_api.any_flush()");
    } catch (const std::exception &failure) {
        throw unavailable(failure.what());
    }
}

/// One statement, one round trip; prepared beforehand where the connection is kept.
pqxx::result run(const DatabasePool &pool, pqxx::connection &link, const std::string &function,
                 const Arguments &arguments)
{
    CallParameters parameters(arguments);
    std::string name = function;
    if (arguments.released) {
        name += released_suffix;
    } else if (arguments.key) {
        parameters.values().push_back(function.c_str());
        name = idempotent_call;
    }
    const auto given = pqxx::prepare::make_dynamic_params(parameters.values());
    pqxx::nontransaction statement_alone(link);
    if (!pool.is_prepared(name)) {
        return statement_alone.exec_params(call_statement(name), given);
    }
    return statement_alone.exec_prepared(name, given);
}

/// The same for several requests.
pqxx::result run_together(pqxx::connection &link, const std::vector<Gathering::Seat *> &seats)
{
    std::vector<CallParameters> parameters;
    std::vector<const char *> values;
    parameters.reserve(seats.size());
    for (const Gathering::Seat *seat : seats) {
        parameters.emplace_back(seat->arguments);
        const auto &more = parameters.back().values();
        values.insert(values.end(), more.begin(), more.end());
    }
    pqxx::nontransaction statement_alone(link);
    return statement_alone.exec_prepared(seats.front()->function + gathered_suffix +
                                             std::to_string(seats.size()),
                                         pqxx::prepare::make_dynamic_params(values));
}

/// A pause that grows and differs between those who collided.
void pause_before(int attempt)
{
    thread_local std::minstd_rand dice(std::random_device{}());
    std::uniform_int_distribution<int> ms(1, 10 << attempt);
    std::this_thread::sleep_for(std::chrono::milliseconds(ms(dice)));
}

/// What the statement answers, however often it takes; within the time for one.
pqxx::result answer(DatabasePool &pool, DatabasePool::Lease &lease, const std::string &function,
                    const Arguments &arguments)
{
    bool reconnected = false;
    for (int attempt = 1;; ++attempt) {
        try {
            return driver_translated([&] { return run(pool, lease.link(), function, arguments); });
        } catch (const Error &refusal) {
            if (arguments.write && refusal.status() == 409) {
                flush(lease.link());
            }
            throw;
        } catch (const TryAgain &again) {
            if (lease.overdue()) {
                throw unavailable(late + again.cause);
            }
            if (again.reconnect) {
                lease.drop();
                // What may have been done is repeated only where repeating does no harm.
                if ((arguments.write && !again.undone) || reconnected) {
                    throw unavailable(again.cause);
                }
                reconnected = true;
            } else if (attempt == max_attempts) {
                throw unavailable(again.cause);
            }
            pause_before(attempt);
        }
    }
}

/// All that the answer to a read rests on, but for what is in the database.
std::string question(const std::string &function, const Arguments &arguments)
{
    std::string all;
    const auto add = [&all](const std::string &part) {
        all.append(std::to_string(part.size())).append(":").append(part);
    };
    add(function);
    add(arguments.credential.value_or(""));
    add(arguments.role);
    add(arguments.if_match.value_or(""));
    add(arguments.if_none_match.value_or(""));
    add(arguments.id ? std::to_string(*arguments.id) : "");
    add(arguments.time_zone);
    add(arguments.input);
    return all;
}

/// \param of_many whether several asked
Gathering::Outcome outcome_of(const std::string &function, const pqxx::result &result, bool of_many)
{
    if (ends_with(function, "_list")) {
        return std::make_shared<Rows>(result, of_many);
    }
    return reply_of(result);
}

/// One call, the answer to all of these, who ask the same.
void serve_alike(DatabasePool &pool, DatabasePool::Lease &lease,
                 const std::vector<Gathering::Seat *> &seats)
{
    const Gathering::Seat &first = *seats.front();
    const auto result = answer(pool, lease, first.function, first.arguments);
    const auto outcome = outcome_of(first.function, result, seats.size() > 1);
    for (Gathering::Seat *seat : seats) {
        seat->outcome = outcome;
    }
}

/// One call for all of these, who ask for different things. Where one of them has to be called
/// alone, it has no outcome.
void call_together(DatabasePool::Lease &lease, const std::vector<Gathering::Seat *> &seats)
{
    auto outcomes =
        outcomes_of(driver_translated([&] { return run_together(lease.link(), seats); }));
    if (!outcomes.empty() && outcomes.size() != seats.size()) {
        throw Error(Code::internal_error, "Something went wrong here.")
            .because("the SQL function gave another number of outcomes");
    }
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        if (outcomes[i]) {
            seats[i]->outcome = *std::move(outcomes[i]);
        }
    }
}

/// One call for all of these, who write.
void serve_writing(DatabasePool &pool, DatabasePool::Lease &lease,
                   const std::vector<Gathering::Seat *> &seats)
{
    if (seats.size() == 1) {
        return serve_alike(pool, lease, seats);
    }
    try {
        call_together(lease, seats);
    } catch (const TryAgain &again) {
        if (again.reconnect) {
            lease.drop();
        }
        if (!again.undone) {
            throw unavailable((lease.overdue() ? late : "") + again.cause);
        }
    }
}

/// As few calls for all of these, who read, as may be: who ask the same share an answer.
void serve_reading(DatabasePool &pool, DatabasePool::Lease &lease,
                   const std::vector<Gathering::Seat *> &seats)
{
    if (seats.size() == 1) {
        return serve_alike(pool, lease, seats);
    }
    std::map<std::string, std::vector<Gathering::Seat *>> askers;
    for (Gathering::Seat *seat : seats) {
        askers[question(seat->function, seat->arguments)].push_back(seat);
    }
    if (askers.size() == 1) {
        return serve_alike(pool, lease, seats);
    }
    try {
        std::vector<Gathering::Seat *> first;
        for (auto same = askers.begin(), called = same; same != askers.end();) {
            first.push_back(same->second.front());
            ++same;
            if (first.size() == most_together || same == askers.end()) {
                call_together(lease, first);
                first.clear();
                for (; called != same; ++called) {
                    for (Gathering::Seat *seat : called->second) {
                        seat->outcome = called->second.front()->outcome;
                    }
                }
            }
        }
    } catch (const TryAgain &again) { // each may ask alone
        if (lease.overdue()) {
            throw unavailable(late + again.cause);
        }
        if (again.reconnect) {
            lease.drop();
        }
    }
}

} // namespace

/// Groups of those who call at the same moment.
struct Companies {
    /// \param groups of each kind under way at once
    Companies(DatabasePool &pool, std::size_t groups)
        : alike(pool, groups, most_readers, false), reading(pool, groups, most_readers, true),
          writing(pool, groups, most_together, true)
    {}

    Gathering alike;   ///< who read exactly the same
    Gathering reading; ///< who read by a function that takes several requests
    Gathering writing; ///< who write by one
};

namespace {

/// What it is answered in company, where it may be called so.
Gathering::Outcome in_company(DatabasePool &pool, Companies &companies, const std::string &function,
                              const Arguments &arguments)
{
    const bool writes = arguments.released;
    if ((arguments.write && !writes) ||
        !pool.is_prepared(writes ? function + released_suffix : function)) {
        return {}; // unprepared under CGI: nobody is beside
    }
    const bool alike = !writes && (arguments.if_match || arguments.if_none_match ||
                                   !pool.is_prepared(function + gathered_suffix));
    Gathering::Seat seat(alike ? question(function, arguments) : function, function, arguments);
    Gathering &company = writes ? companies.writing : alike ? companies.alike : companies.reading;
    const auto serve = writes ? serve_writing : alike ? serve_alike : serve_reading;
    company.serve(seat, [&](auto &lease, const auto &seats) { serve(pool, lease, seats); });
    if (seat.failure) {
        std::rethrow_exception(seat.failure);
    }
    return std::move(seat.outcome);
}

} // namespace

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
            CallParameters parameters(arguments);
            // What only reads can't note that the session is in use.
            pqxx::nontransaction(lease.link())
                .exec_params(call_statement("any_session"),
                             pqxx::prepare::make_dynamic_params(parameters.values()));
            using Snapshot = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;
            Snapshot snapshot(lease.link());
            Reply reply = reply_of(snapshot.exec_params(
                call_statement(function), pqxx::prepare::make_dynamic_params(parameters.values())));
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

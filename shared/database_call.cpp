#include "database_call.hpp"

#include "parameters.hpp"

#include <chrono>
#include <random>
#include <thread>

namespace smartflow {

namespace {

constexpr int max_attempts = 5; ///< of a lost serialisation or a deadlock

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
    const std::string request = request_parameter(arguments);
    std::vector<const char *> parameters{request.c_str()};
    std::string name = function;
    if (arguments.released) {
        name += released_suffix;
    } else if (arguments.key) {
        parameters.push_back(function.c_str());
        name = idempotent_call;
    }
    const auto given = pqxx::prepare::make_dynamic_params(parameters);
    pqxx::nontransaction statement_alone(link);
    if (!pool.is_prepared(name)) {
        return statement_alone.exec_params(call_statement(name), given);
    }
    return statement_alone.exec_prepared(name, given);
}

/// A pause that grows and differs between those who collided.
void pause_before(int attempt)
{
    thread_local std::minstd_rand dice(std::random_device{}());
    std::uniform_int_distribution<int> ms(1, 10 << attempt);
    std::this_thread::sleep_for(std::chrono::milliseconds(ms(dice)));
}

} // namespace

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

} // namespace smartflow

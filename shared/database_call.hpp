#ifndef SMARTFLOW_DATABASE_CALL_HPP
#define SMARTFLOW_DATABASE_CALL_HPP

#include "database.hpp"
#include "database_pool.hpp"
#include "error.hpp"
#include "sqlstate.hpp"

#include <pqxx/pqxx>

#include <exception>
#include <string>

namespace smartflow {

inline constexpr const char *late = "no answer in time: "; ///< before a cause

/// Not a failure of the request: the same connection, or a new one, may do it.
struct TryAgain {
    std::string cause;
    bool reconnect; ///< this connection is of no more use
    bool undone;    ///< certainly nothing was done, so that even a write may be repeated
};

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

/// What the statement answers, however often it takes; within the time for one.
/// \throws Error as Call does
pqxx::result answer(DatabasePool &pool, DatabasePool::Lease &lease, const std::string &function,
                    const Arguments &arguments);

} // namespace smartflow

#endif

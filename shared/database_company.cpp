#include "database_company.hpp"

#include "database_call.hpp"
#include "database_rows.hpp"
#include "parameters.hpp"

#include <map>
#include <vector>

namespace smartflow {

namespace {

constexpr std::size_t most_readers = 64; ///< readers in a group

/// The same for several requests.
pqxx::result run_together(pqxx::connection &link, const std::vector<Gathering::Seat *> &seats)
{
    std::vector<std::string> requests;
    requests.reserve(seats.size());
    for (const Gathering::Seat *seat : seats) {
        requests.push_back(request_parameter(seat->arguments));
    }
    pqxx::nontransaction statement_alone(link);
    return statement_alone.exec_prepared(seats.front()->function + gathered_suffix,
                                         requests_parameter(requests));
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

Companies::Companies(DatabasePool &pool, std::size_t groups)
    : alike(pool, groups, most_readers, false), reading(pool, groups, most_readers, true),
      writing(pool, groups, most_together, true)
{}

Gathering::Outcome outcome_of(const std::string &function, const pqxx::result &result, bool of_many)
{
    if (ends_with(function, "_list")) {
        return std::make_shared<Rows>(result, of_many);
    }
    return reply_of(result);
}

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

} // namespace smartflow

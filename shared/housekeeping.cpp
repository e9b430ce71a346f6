#include "housekeeping.hpp"

#include <string>

namespace smartflow {
namespace {

constexpr int rows_a_seal = 5000;
constexpr int rows_a_clearing = 500;
constexpr int rows_a_fold = 1000;
/// A run from cron ends, whatever there is to do; the next one goes on.
constexpr int most_batches = 2000;
constexpr std::chrono::minutes clear_every{5};

/// Calls a function that does up to so many things, until it does fewer.
void repeat(AdminConnection &database, const std::string &function, int how_many,
            const StopSignal *stop)
{
    for (int batch = 0; batch < most_batches && (stop == nullptr || !stop->requested()); ++batch) {
        const auto done =
            database.value("select smartflow_api." + function + "($1)", {std::to_string(how_many)});
        if (std::stoll(done.value_or("0")) < how_many) {
            return;
        }
    }
}

} // namespace

void seal_audit_trail(AdminConnection &database, const StopSignal *stop)
{
    database.run("set default_transaction_isolation = 'read committed'"); // deliver_seal needs it
    // Among others' transactions the first look may only learn how far the second one may go.
    repeat(database, "deliver_seal", rows_a_seal, stop);
    repeat(database, "deliver_seal", rows_a_seal, stop);
}

void clear_away(AdminConnection &database, const StopSignal &stop)
{
    repeat(database, "deliver_clear", rows_a_clearing, &stop);
}

void fold_totals(AdminConnection &database, const StopSignal &stop)
{
    repeat(database, "deliver_fold", rows_a_fold, &stop);
}

void Housekeeper::turn(AdminConnection &database, const StopSignal &stop)
{
    seal_audit_trail(database, &stop);
    fold_totals(database, stop);
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_clearing_) {
        clear_away(database, stop);
        next_clearing_ = now + clear_every;
    }
}

} // namespace smartflow

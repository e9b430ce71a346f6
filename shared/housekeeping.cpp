#include "housekeeping.hpp"

#include <cstdint>
#include <string>

namespace smartflow {
namespace {

constexpr const char *rows_a_seal = "5000";
constexpr const char *rows_a_clearing = "500";
/// A run from cron ends, whatever there is to do; the next one goes on.
constexpr int most_batches = 2000;
constexpr std::chrono::minutes clear_every{5};

std::int64_t count(AdminConnection &database, const std::string &function, const char *rows)
{
    return std::stoll(
        database.value("select smartflow_api." + function + "($1)", {rows}).value_or("0"));
}

} // namespace

void seal_audit_trail(AdminConnection &database, const StopSignal *stop)
{
    database.run("set default_transaction_isolation = 'read committed'"); // deliver_seal needs it
    for (int batch = 0; batch < most_batches && (stop == nullptr || !stop->requested()); ++batch) {
        if (count(database, "deliver_seal", rows_a_seal) < std::stoll(rows_a_seal)) {
            return;
        }
    }
}

void clear_away(AdminConnection &database, const StopSignal &stop)
{
    for (int batch = 0; batch < most_batches && !stop.requested(); ++batch) {
        if (count(database, "deliver_clear", rows_a_clearing) == 0) {
            return;
        }
    }
}

void Housekeeper::turn(AdminConnection &database, const StopSignal &stop)
{
    seal_audit_trail(database, &stop);
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_clearing_) {
        clear_away(database, stop);
        next_clearing_ = now + clear_every;
    }
}

} // namespace smartflow

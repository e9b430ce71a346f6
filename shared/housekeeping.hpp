#ifndef SMARTFLOW_HOUSEKEEPING_HPP
#define SMARTFLOW_HOUSEKEEPING_HPP

#include "admin_connection.hpp"
#include "stop_signal.hpp"

#include <chrono>

namespace smartflow {

/// Seals what is settled of the audit trail, batch after batch. Rows of transactions that are still
/// under way hold up those that come after them.
/// \param stop ends it between two batches; nullptr: nothing does
/// \throws AdminError
void seal_audit_trail(AdminConnection &database, const StopSignal *stop = nullptr);

/// What the shop keeps for a while only: idempotency keys, sessions, failed logins, deliveries
/// that arrived. Removes what is due in small batches, a transaction each, so that nobody waits
/// for it and an end in between costs nothing.
/// \throws AdminError
void clear_away(AdminConnection &database, const StopSignal &stop);

/// Moves what changes have left beside the totals into them (06_totals.sql). \throws AdminError
void fold_totals(AdminConnection &database, const StopSignal &stop);

/// All of it, for a program that goes on: clearing away every few minutes, the rest every turn.
class Housekeeper
{
public:
    /// A row waits up to this long to be seen, and then as long as the slowest transaction beside
    /// it; a batch of deliveries takes up to 25 s. Together that stays below the minute promised.
    static constexpr int pause_ms = 10'000;

    /// \throws AdminError
    void turn(AdminConnection &database, const StopSignal &stop);

private:
    std::chrono::steady_clock::time_point next_clearing_{};
};

} // namespace smartflow

#endif

#ifndef SMARTFLOW_DELIVER_HPP
#define SMARTFLOW_DELIVER_HPP

#include "settings.hpp"

#include <string>

namespace smartflow {

/// Sends everything in the outbox that is due, keeps house (housekeeping.hpp) and ends: for cron.
///
/// A batch is a transaction: up to 16 rows are locked, sent all at once, marked. Whoever is killed
/// in between leaves the rows as they were, so each is sent at least once, with the same event id
/// each time; any number of these programs may run, and none takes a row that another one holds.
/// \param version for User-Agent
/// \throws AdminError when the database fails
void deliver_due(const Settings &settings, const std::string &version);

/// The same for as long as it runs: woken by the database, by the time of the next attempt, and
/// once a minute; the housekeeping has a connection of its own, so neither waits for the other. A
/// database that went away is waited for. Ends at SIGTERM or SIGINT; sends under way then get a few
/// seconds to end, and what is left goes out with the next start.
void deliver_following(const Settings &settings, const std::string &version);

} // namespace smartflow

#endif

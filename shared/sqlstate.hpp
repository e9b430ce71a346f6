#ifndef SMARTFLOW_SQLSTATE_HPP
#define SMARTFLOW_SQLSTATE_HPP

#include "error.hpp"

#include <string>
#include <string_view>

namespace smartflow {

/// The database can't be reached or can't do the work now: 503.
/// \param cause for the log
Error unavailable(const std::string &cause);

/// What the client is told of a refusal of PostgreSQL's: the one table from SQLSTATE to code.
/// \param state   five characters
/// \param message the driver's text, for the log; a refusal of SmartFlow's own SQL is JSON in it
Error error_of(const std::string &state, const std::string &message);

/// A statement that met a migrate on its way: functions, types and views are dropped and made again
/// in one transaction, and one that looks them up at that moment may find the old ones gone. It did
/// nothing, and will find the new ones.
bool is_reloading(const std::string &state);

/// Whether the text begins so.
bool starts_with(const std::string &text, const char *prefix);

/// Whether a text ends with another.
bool ends_with(std::string_view text, std::string_view suffix);

} // namespace smartflow

#endif

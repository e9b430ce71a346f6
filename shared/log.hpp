#ifndef SMARTFLOW_LOG_HPP
#define SMARTFLOW_LOG_HPP

#include "dispatch.hpp"

#include <string>
#include <string_view>

namespace smartflow {

/// Starts the log: JSON lines on standard error, through spdlog. A full disk fails no request.
/// \param level debug, info, warning or error
void start_log(const std::string &level);

/// The one line of a request: no bodies, no secrets, no query.
/// \param ms how long it took
void log_request(const Family &family, const Request &request, const Outcome &outcome, double ms);

/// A line about the program itself.
void log_error(std::string_view program, std::string_view message);

} // namespace smartflow

#endif

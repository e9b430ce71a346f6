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

/// An attempt to send something out of the outbox.
struct AttemptLine {
    std::string id;      ///< the delivery's
    std::string event;   ///< what its receiver knows it by
    std::string channel; ///< email or webhook
    std::string host;    ///< where to; never the whole address
    int status = 0;      ///< HTTP's or SMTP's; 0 for none
    int ms = 0;          ///< how long it took
    std::string error;   ///< empty: delivered
};

/// The one line of an attempt: a warning where it failed.
void log_attempt(const AttemptLine &attempt);

/// A line about the program itself.
void log_error(std::string_view program, std::string_view message);

} // namespace smartflow

#endif

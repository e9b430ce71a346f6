#ifndef SMARTFLOW_GATEWAY_HPP
#define SMARTFLOW_GATEWAY_HPP

#include "dispatch.hpp"

namespace smartflow {

/// Serves a family: as FastCGI when standard input is a listening socket (FastCGI 1.0 §2.2), with
/// as many accepting threads as are needed and set, until SIGTERM; else once, as CGI (RFC 3875).
/// \returns the program's exit status
int serve(const Family &family);

} // namespace smartflow

#endif

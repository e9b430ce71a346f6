#ifndef SMARTFLOW_AUTHORITIES_HPP
#define SMARTFLOW_AUTHORITIES_HPP

#include <string>

namespace smartflow {

/// The file with the certificates of the authorities that vouch for servers: $SSL_CERT_FILE, as
/// OpenSSL's own programs have it; else the usual one; else, on a host of another distribution, the
/// first that is there of those that its kind keeps.
/// \param usual what the TLS library was built to use, empty for nothing
std::string authorities_file(const std::string &usual);

} // namespace smartflow

#endif

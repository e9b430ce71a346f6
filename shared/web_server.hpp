#ifndef SMARTFLOW_WEB_SERVER_HPP
#define SMARTFLOW_WEB_SERVER_HPP

#include "http.hpp"

#include <optional>
#include <string>
#include <vector>

namespace smartflow {

// What nginx settles by its configuration, and programs must settle for themselves behind other web
// servers: the folder that the installation is in, whose proxies are believed, the server's own
// errors.

/// Where the web server says that the program is `FOLDER/programs/NAME.fcgi`, as the archive for
/// shared hosts has it, moves FOLDER from the request's target to its base, as the client spelled
/// it. A target that doesn't begin with as many segments becomes `/`, a path that no family has.
void separate_base(Request &request);

/// Takes address and scheme from X-Forwarded-For and X-Forwarded-Proto where the request comes from
/// a proxy that is believed; the client's is then the last address that isn't itself believed.
/// \param proxies addresses or networks in CIDR form, as TRUSTED_PROXIES holds them
void believe_proxies(Request &request, const std::vector<std::string> &proxies);

/// The answer to what the web server has found by itself and leaves to a program to word (Apache's
/// ErrorDocument): an error, or what a static page takes; nothing where the request is an ordinary
/// one.
std::optional<Response> answer_for_web_server(const Request &request);

} // namespace smartflow

#endif

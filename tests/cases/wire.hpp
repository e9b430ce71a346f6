#ifndef SMARTFLOW_TESTS_WIRE_HPP
#define SMARTFLOW_TESTS_WIRE_HPP

#include "http.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace smartflow {

struct Family;

/// A request as a client sends it.
struct WireRequest {
    std::string method;
    std::string target; ///< path and query, raw
    Headers headers;
    std::string body;
};

/// What came back.
struct WireResponse {
    int status = 0;
    Headers headers;
    std::string body;

    /// The value of a header, whatever the case of its name; nullptr when there is none.
    const std::string *header(std::string_view name) const;
};

/// A way from a request to its answer.
class Way
{
public:
    virtual ~Way() = default;
    virtual const char *name() const = 0;
    /// The web server that answers: `apache`; empty where there is none.
    virtual std::string server() const { return {}; }
    /// \throws std::runtime_error when no answer came
    virtual WireResponse send(const WireRequest &request) = 0;
};

/// Calls dispatch() in this process, with a real database.
/// \param database_url of the application; `{family}` in it is the family's name
std::unique_ptr<Way> dispatch_way(const std::string &database_url);

/// Starts a family's program for each request, as a web server does by RFC 3875.
/// \param programs the folder of the programs
std::unique_ptr<Way> cgi_way(const std::string &database_url, const std::string &programs);

/// Speaks HTTP/1.1 to a web server.
/// \param url    `http://host:port`, with the folder that the installation is in
/// \param server its name, by which cases say that it doesn't take a request
std::unique_ptr<Way> http_way(const std::string &url, const std::string &server);

/// The family whose path this is, as the web server picks it.
/// \throws std::runtime_error when it is none's
const Family &family_of(const WireRequest &request);

/// What a web server tells a family of a request (RFC 3875 §4.1).
std::map<std::string, std::string> cgi_variables(const WireRequest &request);

} // namespace smartflow

#endif

#ifndef SMARTFLOW_DISPATCH_HPP
#define SMARTFLOW_DISPATCH_HPP

#include "database.hpp"
#include "http.hpp"
#include "rules.hpp"
#include "settings.hpp"

#include <string>

namespace smartflow {

/// Who may use a route.
enum class Access {
    nobody, ///< needs no login
    staff,  ///< any signed-in user
    admin,
};

struct Route;

/// A checked request on its way to the database.
struct Inquiry {
    const Settings &settings;
    const Request &request;
    const Route &route;
    Arguments arguments;
    const Call &call;
    const char *family; ///< whose route it is
    /// For an answer that is streamed: start, write, finish; the headers of every answer are added.
    /// What is thrown after the start cuts the answer off.
    Output &output;
    /// Answers the list of the route's function, for a handler that had something to do before.
    const std::function<Response()> &answer_list;
};

/// One endpoint: method and path to an SQL function, with the rules of what it takes.
struct Route {
    const char *method;
    const char *path;     ///< `{id}` stands for one positive integer
    const char *function; ///< of schema smartflow_api; a name ending in `_list` answers rows
    int status;           ///< of success
    const char *schema;   ///< of the success's body in OpenAPI's components; empty for none
    const char *summary;  ///< one line for OpenAPI
    Span<Rule> body = {};
    Span<Rule> query = {};
    Access access = Access::staff;
    /// What C++ must do between two calls (passwords) or beside them (files); by default the
    /// function is called.
    Response (*handle)(Inquiry &) = nullptr;
    /// Tells apart the routes of one method and path: the query parameter `action`.
    const char *action = "";
    const char *media = "application/json"; ///< of the answer; a list is written as it says
    /// The media type of a body of up to MAX_UPLOAD, which the handler reads itself, with a reader
    /// of its request; empty: the body is a small one of application/json.
    const char *upload = "";
    /// Whether those who come at the same moment are served together: for what many clients want at
    /// once. Its SQL has NAME_many, and publishes it (01_session.sql).
    bool together = false;
    /// Whether others needn't wait for the disk behind the rows that the function locks. Goes with
    /// `together`; its SQL publishes that too.
    bool released = false;
};

/// Whether the route answers a list: whole and streamed, or a page of it.
bool answers_list(const Route &route) noexcept;

/// Whether the list comes as CSV too: it then takes `format`.
bool comes_as_csv(const Route &route) noexcept;

/// Whether the route heeds an Idempotency-Key: every POST but those that make or take secrets.
bool takes_idempotency_key(const Route &route) noexcept;

/// A process family: its name is that of its program, URL and SQL file.
struct Family {
    const char *name;
    Span<Route> routes;
};

/// What is said of a request in the log.
struct Outcome {
    int status = 0;
    std::string route; ///< the route's path, empty when none matched
    std::string cause; ///< what the client isn't told
    std::size_t bytes = 0;
};

/// Answers one request: match, method, credentials, every rule in one pass, one call, the answer.
/// The only place that catches.
Outcome dispatch(const Family &family, const Settings &settings, Request &request, const Call &call,
                 Output &output);

} // namespace smartflow

#endif

#include "openapi_refusals.hpp"

#include "error.hpp"
#include "json_build.hpp"
#include "openapi_schemas.hpp"

namespace smartflow {

namespace {

/// The codes that a body of this status may have.
std::vector<Json> codes_of(int status)
{
    std::vector<Json> codes;
    for (int i = 0; i <= static_cast<int>(Code::bad_request); ++i) {
        const auto code = static_cast<Code>(i);
        const bool unreadable =
            code == Code::bad_request && (status == 408 || status == 414 || status == 431);
        if (status_of(code) == status || unreadable) {
            codes.push_back(make_text(code_name(code)));
        }
    }
    return codes;
}

} // namespace

const std::vector<Refusal> &refusals()
{
    static const std::vector<Refusal> all = {
        {400,
         "BadRequest",
         "Something in path, query, header or body is wrong; `details` gives each "
         "wrong field its reason.",
         {}},
        {401, "Unauthorized", "There is no valid session or token.", {"WWW-Authenticate"}},
        {403,
         "Forbidden",
         "The role is too low, the token may only read, or a browser sent the "
         "cookie from another site.",
         {}},
        {404, "NotFound", "There is no such thing.", {"Idempotent-Replayed"}},
        {408, "RequestTimeout", "The request took too long to arrive.", {}},
        {409,
         "Conflict",
         "The state of things, or the stock, doesn't allow it now.",
         {"Idempotent-Replayed"}},
        {412,
         "PreconditionFailed",
         "It has changed since it was read: If-Match doesn't match.",
         {}},
        {413, "ContentTooLarge", "The body is larger than 1 MiB.", {}},
        {414, "UriTooLong", "The address is too long.", {}},
        {415, "UnsupportedMediaType", "The body must be application/json.", {}},
        {422, "IdempotencyKeyReused", "The Idempotency-Key was used for another request.", {}},
        {429,
         "TooManyRequests",
         "There were too many requests, or too many failed logins.",
         {"Retry-After"}},
        {431, "HeaderTooLarge", "The request's header is too large.", {}},
        {500, "InternalError", "Something unexpected went wrong; the log has the cause.", {}},
        {503,
         "ServiceUnavailable",
         "The database or the program can't take the work now.",
         {"Retry-After"}},
    };
    return all;
}

Json response_headers(const std::vector<const char *> &names)
{
    Json all = make_object({{"X-Request-Id", component("headers", "X-Request-Id")}});
    for (const char *name : names) {
        all.members.emplace_back(name, component("headers", name));
    }
    return all;
}

Json json_content(Json schema)
{
    return make_object({{"application/json", make_object({{"schema", std::move(schema)}})}});
}

Json refusal_responses()
{
    Json all = make_object();
    for (const Refusal &refusal : refusals()) {
        const Json codes = make_object({{"enum", make_list(codes_of(refusal.status))}});
        const Json narrowed = make_object({{"properties", make_object({{"code", codes}})}});
        Json schema =
            make_object({{"allOf", make_list({component("schemas", "Error"), narrowed})}});
        all.members.emplace_back(refusal.name,
                                 make_object({{"description", make_text(refusal.about)},
                                              {"headers", response_headers(refusal.headers)},
                                              {"content", json_content(std::move(schema))}}));
    }
    return all;
}

} // namespace smartflow

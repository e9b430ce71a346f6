#include "answers.hpp"
#include "credentials.hpp"
#include "families.hpp"
#include "pages.hpp"
#include "passwords.hpp"
#include "secrets.hpp"

#include <chrono>
#include <thread>

namespace smartflow::handlers {

namespace {

constexpr auto login_patience = std::chrono::seconds(20);
constexpr auto login_poll = std::chrono::milliseconds(50);

// clang-format off
constexpr Rule login_rules[] = {
    {"username", Type::text, required, 1, 200},
    {"password", Type::secret, required, 1, 1024},
    {"token", Type::boolean, not_null, 0, 0, {}, {}, "Answer with a bearer token instead of a cookie."},
};

constexpr Rule password_rules[] = {
    {"currentPassword", Type::secret, required, 1, 1024},
    {"newPassword", Type::secret, required, 12, 1024},
};

constexpr Rule token_rules[] = {
    {"name", Type::text, required, 1, 200},
    {"readOnly", Type::boolean, not_null},
    {"expiresAt", Type::instant, optional},
    {"id", Type::id, read_only},
    {"createdAt", Type::instant, read_only},
    {"lastUsedAt", Type::instant, read_only},
};
// clang-format on

std::string json_object(std::initializer_list<std::pair<const char *, std::string>> members)
{
    std::string text = "{";
    for (const auto &[name, json] : members) {
        text += (text.size() > 1 ? "," : "") + json_string(name) + ":" + json;
    }
    return text + "}";
}

/// Takes one of the account's tries; while tries under way fill them all, waits for their outcome.
Json take_try(Inquiry &inquiry, const char *function)
{
    const auto deadline = std::chrono::steady_clock::now() + login_patience;
    for (;;) {
        const Reply begun = inquiry.call(function, inquiry.arguments, {});
        if (begun.status == 200) {
            return parse_json(*begun.body);
        }
        if (std::chrono::steady_clock::now() > deadline) {
            throw Error(Code::rate_limited, "Too many logins at once. Try again in a moment.")
                .retry_after(1);
        }
        std::this_thread::sleep_for(login_poll);
    }
}

/// Ends a try that led to nothing.
void end_try(Inquiry &inquiry, const Json &begun, const char *function)
{
    inquiry.arguments.input = json_object({{"attempt", begun.find("attempt")->text}});
    inquiry.call(function, inquiry.arguments, {});
}

/// Gives the try back where the password couldn't be compared.
bool compare_password(Inquiry &inquiry, const Json &begun, const std::string &password)
{
    try {
        return password_matches(begun.find("hash")->text, password);
    } catch (const Error &) {
        end_try(inquiry, begun, "auth_login_cancel");
        throw;
    }
}

Response login(Inquiry &inquiry)
{
    const Json input = parse_json(inquiry.arguments.input);
    const std::string username = input.find("username")->text;
    inquiry.arguments.input = json_object({{"username", json_string(username)}});
    const Json begun = take_try(inquiry, "auth_login_begin");
    const std::string hash = begun.find("hash")->text;
    const bool matches = compare_password(inquiry, begun, input.find("password")->text);
    const std::string token = new_token();
    const Json *user_id = begun.find("userId");
    inquiry.arguments.input =
        json_object({{"username", json_string(username)},
                     {"attempt", begun.find("attempt")->text},
                     {"userId", user_id->text.empty() ? "null" : user_id->text},
                     {"matches", matches ? "true" : "false"},
                     {"hash", json_string(hash)},
                     {"digest", json_string(token_digest(token))}});
    const Reply reply = inquiry.call("auth_login_finish", inquiry.arguments, {});
    if (reply.status == 401) {
        throw Error(Code::unauthorized, "The user name or the password is wrong.");
    }
    Response response = to_response(reply);
    const Json *as_token = input.find("token");
    if (as_token != nullptr && as_token->truth) {
        append_member(response.body, "token", json_string(token));
    } else {
        response.headers.emplace_back("Set-Cookie",
                                      session_cookie(inquiry.request, inquiry.settings, token));
    }
    return response;
}

Response logout(Inquiry &inquiry)
{
    Response response = to_response(inquiry.call("auth_logout", inquiry.arguments, {}));
    response.headers.emplace_back("Set-Cookie", expired_cookie(inquiry.request, inquiry.settings));
    return response;
}

Response me(Inquiry &inquiry)
{
    const Settings &settings = inquiry.settings;
    const Reply reply = inquiry.call("auth_me", inquiry.arguments, {});
    Response response{200, {{"Content-Type", "application/json"}}, {}};
    response.body =
        json_object({{"user", *reply.body},
                     {"shop", json_object({{"name", json_string(settings.shop_name)},
                                           {"currency", json_string(settings.currency)},
                                           {"timezone", json_string(settings.time_zone)}})}});
    return response;
}

Response change_password(Inquiry &inquiry)
{
    const Json input = parse_json(inquiry.arguments.input);
    const std::string new_password = input.find("newPassword")->text;
    inquiry.arguments.input = "{}";
    const Json begun = take_try(inquiry, "auth_password_begin");
    Details wrong;
    if (!compare_password(inquiry, begun, input.find("currentPassword")->text)) {
        wrong.emplace_back("currentPassword", "is not your password");
    }
    std::string new_hash;
    try {
        refuse_weak_password("newPassword", new_password, texts_of(*begun.find("names")), wrong);
        new_hash = password_hash(new_password);
    } catch (const Error &) {
        end_try(inquiry, begun, wrong.empty() ? "auth_login_cancel" : "auth_password_lost");
        throw;
    }
    inquiry.arguments.input = json_object({{"attempt", begun.find("attempt")->text},
                                           {"hash", json_string(begun.find("hash")->text)},
                                           {"newHash", json_string(new_hash)}});
    return to_response(inquiry.call("auth_password_finish", inquiry.arguments, {}));
}

Response create_token(Inquiry &inquiry)
{
    const std::string token = new_token();
    append_member(inquiry.arguments.input, "digest", json_string(token_digest(token)));
    Response response = to_response(inquiry.call("auth_tokens_create", inquiry.arguments, {}));
    append_member(response.body, "token", json_string(token));
    return response;
}

Response alive(Inquiry &)
{
    return {200, {{"Content-Type", "application/json"}}, "{\"status\":\"ok\"}"};
}

// clang-format off
constexpr Route routes[] = {
    {"POST", "/api/auth/login", "auth_login_begin", 200, "Login", "Log in", login_rules, {},
     Access::nobody, login},
    {"POST", "/api/auth/logout", "auth_logout", 204, "", "Log out", {}, {}, Access::staff, logout},
    {"GET", "/api/auth/me", "auth_me", 200, "Me", "Who am I, and in which shop", {}, {}, Access::staff, me},
    {"POST", "/api/auth/password", "auth_password_begin", 204, "", "Change one's own password",
     password_rules, {}, Access::staff, change_password},
    {"GET", "/api/auth/sessions", "auth_sessions_list", 200, "Session", "List one's own sessions", {}, paging_rules},
    {"GET", "/api/auth/sessions/{id}", "auth_sessions_read", 200, "Session", "Read one of one's sessions"},
    {"DELETE", "/api/auth/sessions/{id}", "auth_sessions_delete", 204, "", "End one of one's sessions"},
    {"GET", "/api/auth/tokens", "auth_tokens_list", 200, "Token", "List one's own personal tokens", {}, paging_rules},
    {"POST", "/api/auth/tokens", "auth_tokens_create", 201, "NewToken", "Create a personal token",
     token_rules, {}, Access::staff, create_token},
    {"GET", "/api/auth/tokens/{id}", "auth_tokens_read", 200, "Token", "Read one of one's tokens"},
    {"DELETE", "/api/auth/tokens/{id}", "auth_tokens_delete", 204, "", "Revoke a personal token"},
    {"GET", "/healthz", "", 200, "Alive", "Is the server alive", {}, {}, Access::nobody, alive},
};
// clang-format on

} // namespace

const Family auth{"auth", routes};

} // namespace smartflow::handlers

#include "answers.hpp"
#include "families.hpp"
#include "pages.hpp"
#include "passwords.hpp"
#include "secrets.hpp"

namespace smartflow::handlers {

namespace {

constexpr const char *roles[] = {"admin", "staff"};

// clang-format off
constexpr Rule user[] = {
    {"username", Type::text, required, 1, 200, {}, {}, "Unique in any case of its letters."},
    {"name", Type::text, required, 1, 200},
    {"email", Type::email, optional, 1, 320},
    {"role", Type::choice, required, 0, 0, roles},
    {"active", Type::boolean, not_null},
    {"password", Type::secret, required, 12, 1024},
    {"id", Type::id, read_only},
    {"createdAt", Type::instant, read_only},
    {"updatedAt", Type::instant, read_only},
    {"lastLoginAt", Type::instant, read_only},
};
// clang-format on

/// Puts the password's hash in its place: no password ever reaches the database.
void replace_password(Inquiry &inquiry, const Json &input, const std::vector<std::string> &names)
{
    const Json *password = input.find("password");
    refuse_weak_password("password", password->text, names, {});
    std::string hashed = "{\"passwordHash\":" + json_string(password_hash(password->text));
    for (const auto &[name, value] : input.members) {
        if (name != "password") {
            hashed += "," + json_string(name) + ":";
            append_json(hashed, value);
        }
    }
    inquiry.arguments.input = hashed + "}";
}

std::vector<std::string> names_in(const Json &input)
{
    std::vector<std::string> names;
    for (const char *field : {"username", "name", "email"}) {
        if (const Json *value = input.find(field)) {
            names.push_back(value->text);
        }
    }
    return names;
}

/// Login and role are checked before a password costs its 64 MiB.
Response create(Inquiry &inquiry)
{
    const Json input = parse_json(inquiry.arguments.input);
    inquiry.call("any_session",
                 [&] {
                     Arguments session = inquiry.arguments;
                     session.key.reset();
                     session.input = "{}";
                     return session;
                 }(),
                 {});
    replace_password(inquiry, input, names_in(input));
    return to_response(inquiry.call("users_create", inquiry.arguments, {}));
}

Response change(Inquiry &inquiry)
{
    const Json input = parse_json(inquiry.arguments.input);
    if (input.find("password") != nullptr) {
        Arguments question = inquiry.arguments;
        question.input = "{}";
        const Reply known = inquiry.call("users_names", question, {});
        std::vector<std::string> names = texts_of(parse_json(*known.body));
        for (std::string &name : names_in(input)) {
            names.push_back(std::move(name));
        }
        replace_password(inquiry, input, names);
    }
    return to_response(inquiry.call("users_update", inquiry.arguments, {}));
}

// clang-format off
constexpr Route routes[] = {
    {"GET", "/api/users", "users_list", 200, "ListedUser", "List users; staff see id, name and active", {}, paging_rules},
    {"POST", "/api/users", "users_create", 201, "User", "Create a user", user, {}, Access::admin, create},
    {"GET", "/api/users/{id}", "users_read", 200, "User", "Read a user", {}, {}, Access::admin},
    {"PATCH", "/api/users/{id}", "users_update", 200, "User", "Change a user", user, {}, Access::admin, change},
    {"DELETE", "/api/users/{id}", "users_delete", 204, "", "Delete a user", {}, {}, Access::admin},
};
// clang-format on

} // namespace

const Family users{"users", routes};

} // namespace smartflow::handlers

#include "temporary_database.hpp"

#include "admin_connection.hpp"

#include <cstdlib>
#include <iostream>
#include <libpq-fe.h>
#include <memory>
#include <random>
#include <stdexcept>

namespace smartflow {
namespace {

std::string server_url()
{
    const char *url = std::getenv("TEST_DATABASE_URL");
    if (url == nullptr || *url == '\0') {
        throw std::runtime_error("TEST_DATABASE_URL must name a server for tests");
    }
    return url;
}

std::string unused_name()
{
    std::random_device random;
    return "test_" + std::to_string(random()) + "_" + std::to_string(random());
}

std::string quoted(const std::string &value)
{
    std::string text = "'";
    for (const char c : value) {
        text += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    }
    return text + "'";
}

/// What a destructor may do: complain.
void run_or_complain(const std::string &statement) noexcept
{
    try {
        AdminConnection(server_url()).run(statement);
    } catch (const std::exception &error) {
        std::cerr << statement << ": " << error.what() << "\n";
    }
}

} // namespace

TemporaryDatabase::TemporaryDatabase(const std::string &owner) : name_(unused_name())
{
    AdminConnection(server_url())
        .run("create database " + name_ + " template template0 encoding 'UTF8'" +
             (owner.empty() ? "" : " owner " + owner));
}

TemporaryDatabase::~TemporaryDatabase()
{
    run_or_complain("drop database " + name_ + " with (force)");
}

std::string TemporaryDatabase::url(const std::string &role) const
{
    const std::string server = server_url();
    char *message = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(server.c_str(), &message), &PQconninfoFree);
    if (!options) {
        const std::unique_ptr<char, decltype(&PQfreemem)> text(message, &PQfreemem);
        throw std::runtime_error(message);
    }
    std::string words = "dbname=" + name_;
    for (const PQconninfoOption *option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr && std::string(option->keyword) != "dbname") {
            words += std::string(" ") + option->keyword + "=" + quoted(option->val);
        }
    }
    return words + (role.empty() ? "" : " options='-c role=" + role + "'");
}

TemporaryRole::TemporaryRole(const std::string &rights) : name_(unused_name())
{
    AdminConnection(server_url()).run("create role " + name_ + " login " + rights);
}

TemporaryRole::~TemporaryRole()
{
    run_or_complain("drop role " + name_);
}

} // namespace smartflow

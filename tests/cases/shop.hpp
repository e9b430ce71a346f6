#ifndef SMARTFLOW_TESTS_SHOP_HPP
#define SMARTFLOW_TESTS_SHOP_HPP

#include "admin_connection.hpp"
#include "pattern.hpp"

#include <string>

namespace smartflow {

/// The database behind a way: a shop that can be made as new.
class Shop
{
public:
    /// \param url of a superuser, in a migrated database that nobody needs
    explicit Shop(const std::string &url);

    /// Empties every table and makes users, their credentials and the default rule: so quickly that
    /// each scenario has a new shop, in which ids begin with 1 again.
    void make_new();

    /// What make_new has put there: the secrets of `as`, and the users' password.
    const Captures &secrets() const noexcept { return secrets_; }

    /// Runs a statement. \returns its single value as text; `null` for none
    std::string value(const std::string &statement);

private:
    AdminConnection connection_;
    Captures secrets_;
    std::string reset_;
};

} // namespace smartflow

#endif

#ifndef SMARTFLOW_BOOKS_HPP
#define SMARTFLOW_BOOKS_HPP

#include "admin_connection.hpp"
#include "temporary_database.hpp"

#include <string>

namespace smartflow {

/// A migrated shop whose books are tested, and what the tests do with it, as functions of schema
/// `books`, beside one connection of the superuser, who may set the clock.
///
/// - `books.ask(function, id, input)` calls a function of the API as an administrator.
/// - `books.step()` does something at random: orders, edits, prices, archiving, stock, deletions.
/// - `books.expected(zone)` is the summary, by counting everything, in the simplest way.
class Books
{
public:
    Books();

    /// The first value of a statement, as text; "(null)" for none.
    std::string value(const std::string &statement);
    void run(const std::string &statements) { connection_.run(statements); }

    /// Whether a statement is refused with this SQLSTATE.
    bool refused(const std::string &statement, const std::string &sqlstate);

    /// Another connection, with the same search path.
    AdminConnection another() const;

    /// What differs between the summary and the expected one, in several time zones; "" for
    /// nothing.
    std::string differences();

    /// The names of the checks that fail, in order.
    std::string failing();

private:
    TemporaryDatabase database_;
    AdminConnection connection_;
};

} // namespace smartflow

#endif

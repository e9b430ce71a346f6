#ifndef SMARTFLOW_TEMPORARY_DATABASE_HPP
#define SMARTFLOW_TEMPORARY_DATABASE_HPP

#include <string>

namespace smartflow {

/// A database of one's own on the server of $TEST_DATABASE_URL (a superuser's), gone when it goes.
class TemporaryDatabase
{
public:
    /// \param owner a role that is to own it; the superuser when empty
    explicit TemporaryDatabase(const std::string &owner = "");
    ~TemporaryDatabase();
    TemporaryDatabase(const TemporaryDatabase &) = delete;
    TemporaryDatabase &operator=(const TemporaryDatabase &) = delete;

    /// How to connect, acting as a role (SET ROLE, so that no password is needed) or the superuser.
    std::string url(const std::string &role = "") const;

private:
    std::string name_;
};

/// A role of a name of its own, gone when it goes; make it before the database that it owns.
class TemporaryRole
{
public:
    /// \param rights of CREATE ROLE, such as "createrole"
    explicit TemporaryRole(const std::string &rights);
    ~TemporaryRole();
    TemporaryRole(const TemporaryRole &) = delete;
    TemporaryRole &operator=(const TemporaryRole &) = delete;

    const std::string &name() const noexcept { return name_; }

private:
    std::string name_;
};

} // namespace smartflow

#endif

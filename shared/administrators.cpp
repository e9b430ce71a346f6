#include "administrators.hpp"

#include "admin_connection.hpp"
#include "secrets.hpp"
#include "text.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace smartflow {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t password_file_limit = 8192; ///< bytes of a password's file

[[noreturn]] void refuse(const std::string &path, const std::string &what)
{
    throw AdministratorError(path + ": " + what);
}

/// A file descriptor, closed when it goes.
class Descriptor
{
public:
    explicit Descriptor(int number) noexcept : number_(number) {}
    ~Descriptor()
    {
        if (number_ >= 0) {
            ::close(number_);
        }
    }
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    int number() const noexcept { return number_; }

private:
    int number_;
};

/// The password in a file that is there already; nothing when there is none.
std::optional<std::string> stored_password(const std::string &path)
{
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (file.number() < 0) {
        if (errno == ENOENT) {
            return std::nullopt;
        }
        refuse(path, std::strerror(errno));
    }
    struct stat status {};
    if (::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_uid != ::geteuid() || (status.st_mode & 077) != 0) {
        refuse(path, "must be a file of your own that nobody else can read");
    }
    std::string text(password_file_limit, '\0');
    const ssize_t length = ::read(file.number(), text.data(), text.size());
    text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
        text.pop_back();
    }
    return text;
}

void sync_folder(const std::string &path)
{
    fs::path folder = fs::path(path).parent_path();
    const Descriptor handle(
        ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ::fsync(handle.number()); // some file systems can't; the file itself is on disk by then
}

/// Writes a new file of mode 0600: whole and on disk, or not at all.
void store_password(const std::string &path, const std::string &password)
{
    std::string temporary = path + ".XXXXXX";
    const Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC)); // mode 0600 by POSIX
    if (file.number() < 0) {
        refuse(path, std::strerror(errno));
    }
    const std::string text = password + "\n";
    const bool written =
        ::write(file.number(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        ::fsync(file.number()) == 0;
    // A link, unlike a rename, never replaces what stands there.
    const bool linked = written && ::link(temporary.c_str(), path.c_str()) == 0;
    const int error = errno;
    ::unlink(temporary.c_str());
    if (!linked) {
        refuse(path, std::strerror(error));
    }
    sync_folder(path);
}

std::string checked_username(const std::string &given)
{
    std::string reason = "must be UTF-8";
    const auto username = is_utf8(given) ? cleaned(given, Lines::one, reason) : std::nullopt;
    if (!username) {
        throw AdministratorError("the user name " + reason);
    }
    if (username->empty() || code_points(*username) > 200) {
        throw AdministratorError("the user name must have 1 to 200 characters");
    }
    return *username;
}

/// Calls smartflow_api.FUNCTION(username, hash); a generated password is in its file before the
/// commit, and isn't there when nothing was done.
AdministratorResult set_password(const std::string &url, const std::string &function,
                                 const std::string &username, const PasswordChoice &choice,
                                 const std::optional<std::string> &stored)
{
    const bool generate = !choice.given && !stored;
    const std::string password = generate ? new_password() : choice.given ? *choice.given : *stored;
    check_password_rules(password, username);
    const std::string hash = password_hash(password);
    AdminConnection database(url);
    database.run("begin");
    AdministratorResult result;
    result.done =
        database.value("select smartflow_api." + function + "($1, $2)", {username, hash}) == "t";
    if (result.done && generate && !choice.file.empty()) {
        store_password(choice.file, password);
    }
    database.run("commit");
    if (result.done && generate && choice.file.empty()) {
        result.generated = password;
    }
    return result;
}

} // namespace

void check_password_rules(const std::string &password, const std::string &username)
{
    if (!is_utf8(password)) {
        throw AdministratorError("the password must be UTF-8");
    }
    const std::size_t length = code_points(password);
    if (length < 12 || length > 1024) {
        throw AdministratorError("the password must have 12 to 1024 characters");
    }
    const std::string weakness = password_weakness(password, {username});
    if (!weakness.empty()) {
        throw AdministratorError("the password is too weak: " + weakness);
    }
}

AdministratorResult create_first_administrator(const std::string &url, const std::string &username,
                                               const PasswordChoice &choice)
{
    const bool by_file = !choice.given && !choice.file.empty();
    return set_password(url, "admin_first_user", checked_username(username), choice,
                        by_file ? stored_password(choice.file) : std::nullopt);
}

AdministratorResult reset_password(const std::string &url, const std::string &username,
                                   const PasswordChoice &choice)
{
    if (!choice.given && !choice.file.empty() && fs::exists(fs::symlink_status(choice.file))) {
        refuse(choice.file, "is there already");
    }
    return set_password(url, "admin_reset_password", checked_username(username), choice,
                        std::nullopt);
}

} // namespace smartflow

#include "password_slot.hpp"

#include "error.hpp"

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace smartflow {

namespace {

using Clock = std::chrono::steady_clock;

/// The threads of this process first: so at most two of them look at the lock files.
struct Gate {
    std::mutex mutex;
    std::condition_variable freed;
    int free = password_slots;
};

Gate &gate()
{
    static Gate gate;
    return gate;
}

void leave_gate()
{
    {
        const std::lock_guard<std::mutex> guard(gate().mutex);
        ++gate().free;
    }
    gate().freed.notify_one();
}

[[noreturn]] void give_up()
{
    throw Error(Code::service_unavailable, "Too many logins at once, try again in a moment")
        .because("no password slot got free in time")
        .retry_after(2);
}

enum class Attempt { locked, busy, unusable };

/// Whether the file is the user's own: one of somebody else's, planted under that name, could be
/// held locked for ever.
bool is_own(int file)
{
    struct stat info {};
    return fstat(file, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid();
}

/// Tries to lock the file. \param lock the open file when it is locked
Attempt try_lock(const std::string &path, int &lock)
{
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    const int file = open(path.c_str(), flags, 0600);
    if (file < 0) {
        return Attempt::unusable;
    }
    Attempt outcome = Attempt::unusable;
    if (is_own(file)) {
        if (flock(file, LOCK_EX | LOCK_NB) != 0) {
            outcome = errno == EWOULDBLOCK || errno == EINTR ? Attempt::busy : Attempt::unusable;
        } else {
            outcome = Attempt::locked;
        }
    }
    if (outcome == Attempt::locked) {
        lock = file;
    } else {
        close(file);
    }
    return outcome;
}

/// Waits for one of the lock files. \returns the open file, or -1 where none can be used
int wait_for_lock(const std::string &prefix, Clock::time_point deadline)
{
    while (true) {
        bool any_usable = false;
        for (int slot = 0; slot < password_slots; ++slot) {
            int lock = -1;
            const Attempt outcome = try_lock(prefix + std::to_string(slot) + ".lock", lock);
            if (outcome == Attempt::locked) {
                return lock;
            }
            any_usable = any_usable || outcome == Attempt::busy;
        }
        if (!any_usable) {
            return -1;
        }
        if (Clock::now() >= deadline) {
            give_up();
        }
        // A blocking flock would wait for one of the files while the other gets free. Short
        // against a hash's 100 ms.
        std::this_thread::sleep_for(std::chrono::milliseconds(3));
    }
}

} // namespace

PasswordSlot::PasswordSlot(std::chrono::milliseconds patience, const std::string &prefix)
{
    const Clock::time_point deadline = Clock::now() + patience;
    {
        std::unique_lock<std::mutex> guard(gate().mutex);
        if (!gate().freed.wait_until(guard, deadline, [] { return gate().free > 0; })) {
            give_up();
        }
        --gate().free;
    }
    try {
        lock_ = wait_for_lock(prefix, deadline);
    } catch (...) {
        leave_gate();
        throw;
    }
}

PasswordSlot::~PasswordSlot()
{
    if (lock_ >= 0) {
        close(lock_); // ends the lock too
    }
    leave_gate();
}

std::string PasswordSlot::default_prefix()
{
    return "/tmp/smartflow-password-" + std::to_string(geteuid()) + "-";
}

} // namespace smartflow

#ifndef SMARTFLOW_PASSWORD_SLOT_HPP
#define SMARTFLOW_PASSWORD_SLOT_HPP

#include <chrono>
#include <string>

namespace smartflow {

/// How many password hashes run at once on a host: 64 MiB of memory each.
inline constexpr int password_slots = 2;

/// The right to run one Argon2id; held as long as the object lives.
///
/// A slot is a lock (flock) on a file of the user's, so the kernel frees it when a process is
/// killed. Where no such file can be had, only the threads of this process exclude each other.
class PasswordSlot
{
public:
    /// Waits for a free slot.
    /// \param patience how long at most
    /// \param prefix   path of the lock files, to which a number is added
    /// \throws Error (SERVICE_UNAVAILABLE, 503) when none gets free in time
    explicit PasswordSlot(std::chrono::milliseconds patience = std::chrono::seconds(10),
                          const std::string &prefix = default_prefix());
    ~PasswordSlot();
    PasswordSlot(const PasswordSlot &) = delete;
    PasswordSlot &operator=(const PasswordSlot &) = delete;

    /// `/tmp/smartflow-password-UID-`: one place for every process of a user on this host, which
    /// $TMPDIR and $XDG_RUNTIME_DIR aren't (a login shell has others than a service).
    static std::string default_prefix();

    /// Whether other processes respect this slot; false where no lock file could be opened.
    bool is_shared() const noexcept { return lock_ >= 0; }

private:
    int lock_ = -1;
};

} // namespace smartflow

#endif

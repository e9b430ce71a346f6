#ifndef SMARTFLOW_WATCHDOG_HPP
#define SMARTFLOW_WATCHDOG_HPP

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace smartflow {

/// Ends what waits for an answer for too long, in libraries that have no time limit of their own:
/// the socket is shut down in both directions, so that whoever reads or writes it fails at once.
class Watchdog
{
public:
    using Clock = std::chrono::steady_clock;

    Watchdog();
    ~Watchdog();
    Watchdog(const Watchdog &) = delete;
    Watchdog &operator=(const Watchdog &) = delete;

    /// Has one socket at a time watched. One that is watched mustn't be closed.
    class Watch
    {
    public:
        explicit Watch(Watchdog &dog) : dog_(dog) {}
        ~Watch() { end(); }
        Watch(const Watch &) = delete;
        Watch &operator=(const Watch &) = delete;

        /// From now on, or with another deadline than before.
        void begin(int socket, Clock::time_point deadline);

        void end();

        /// Whether the time was over, now or before.
        bool overdue() const noexcept { return overdue_; }

    private:
        friend class Watchdog;
        Watchdog &dog_;
        int socket_ = -1; ///< not watched
        Clock::time_point deadline_{};
        std::atomic<bool> overdue_{false};
    };

private:
    void look_now_and_then();

    std::mutex mutex_;
    std::condition_variable ended_;
    bool ending_ = false;
    std::vector<Watch *> watched_; ///< few: as many as there are connections
    std::thread looking_;
};

} // namespace smartflow

#endif

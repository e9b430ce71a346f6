#ifndef SMARTFLOW_DATABASE_POOL_HPP
#define SMARTFLOW_DATABASE_POOL_HPP

#include "watchdog.hpp"

#include <pqxx/pqxx>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace smartflow {

struct Settings;

/// Connections, made when first needed, lent to one call at a time, in the order of asking. Streams
/// have as many of their own, so that a slow one never keeps short calls waiting.
///
/// Whoever waits holds a thread. So that some are always left, at most half of them wait for a
/// connection, and at most a quarter have to do with streams; what is more is refused at once.
class DatabasePool
{
public:
    using Connection = std::unique_ptr<pqxx::connection>;
    using Clock = Watchdog::Clock;

    /// A connection that goes back when the call is done; one that failed doesn't. While it is lent
    /// the server must answer, or the connection is shut down.
    class Lease
    {
    public:
        /// \throws Error (SERVICE_UNAVAILABLE) when too many wait, or none gets free
        Lease(DatabasePool &pool, bool stream);
        ~Lease();
        Lease(const Lease &) = delete;
        Lease &operator=(const Lease &) = delete;

        /// The connection, sure to have been alive a moment ago.
        /// \throws Error (DATABASE_ERROR) when there is none, and what libpqxx throws
        pqxx::connection &link();

        void drop() noexcept;

        /// Whether the server's time was over.
        bool overdue() const noexcept { return watch_.overdue(); }

        /// Doesn't count the time for as long as it lives; then the server has all of it again.
        class Pause
        {
        public:
            explicit Pause(Lease &lease) : lease_(lease) { lease.watch_.end(); }
            ~Pause();
            Pause(const Pause &) = delete;
            Pause &operator=(const Pause &) = delete;

        private:
            Lease &lease_;
        };

    private:
        void prepare();

        DatabasePool &pool_;
        bool stream_;
        Connection link_;
        Watchdog::Watch watch_;
        Clock::time_point deadline_;
    };

    /// \param functions what is prepared on connections for short calls
    DatabasePool(std::string url, const Settings &settings, std::vector<std::string> functions);

    /// One who waits for what somebody else does on a connection: counts among those who wait for
    /// one.
    class Follower
    {
    public:
        /// \throws Error (SERVICE_UNAVAILABLE) when too many wait
        explicit Follower(DatabasePool &pool);
        ~Follower();
        Follower(const Follower &) = delete;
        Follower &operator=(const Follower &) = delete;

    private:
        DatabasePool &pool_;
    };

    /// Whether a statement is prepared on the connections for short calls.
    bool is_prepared(const std::string &function) const;

    /// Closes connections that nobody has used for so long.
    void close_idle(std::chrono::seconds idle);

private:
    struct Resting {
        Connection link;
        Clock::time_point since;
    };

    /// Somebody who waits, and then has the place of whoever gave back, with a connection or
    /// without.
    struct Waiting {
        std::condition_variable called;
        bool served = false;
        Connection link;
    };

    struct Shelf {
        std::size_t most = 0; ///< lent at once
        std::size_t longest_queue = 0;
        std::vector<Resting> idle;
        std::size_t lent = 0;
        std::size_t followers = 0;
        std::deque<Waiting *> queue; ///< empty while fewer than most are lent

        bool is_full() const { return queue.size() + followers >= longest_queue; }
    };

    Connection take(bool stream);
    static Connection wait_in(Shelf &shelf, std::unique_lock<std::mutex> &lock);
    void give_back(bool stream, Connection link);

    std::string url_;
    std::vector<std::string> functions_;
    std::chrono::seconds answer_time_;
    Watchdog watchdog_;
    std::mutex mutex_;
    Shelf calls_;
    Shelf streams_;
};

} // namespace smartflow

#endif

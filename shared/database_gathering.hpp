#ifndef SMARTFLOW_DATABASE_GATHERING_HPP
#define SMARTFLOW_DATABASE_GATHERING_HPP

#include "database.hpp"
#include "database_pool.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace smartflow {

/// Those who want the same at the same moment, in groups, a call for each. Who finds as many groups
/// under way as there may be waits; when one is done the next leads another, and takes along
/// whoever has come meanwhile. So a group is as large as the rush, and who comes alone waits for
/// nobody. Nor does anybody wait here for long: who isn't taken along within a second goes
/// alone.
class Gathering
{
public:
    /// One call. Exactly one of reply and failure is set when it was served; neither where it has
    /// to be called alone.
    struct Seat {
        Seat(const std::string &wanted, const Arguments &given) : function(wanted), arguments(given)
        {}

        const std::string &function;
        const Arguments &arguments;
        std::optional<Reply> reply;
        std::exception_ptr failure;

    private:
        friend class Gathering;
        enum class State { waits, leads, taken, served };
        State state_ = State::waits;
        std::condition_variable called_;
    };

    /// Calls for all of these on that connection. May throw: then it failed for all.
    using Serve = std::function<void(DatabasePool::Lease &, const std::vector<Seat *> &)>;

    /// \param most_groups under way at once
    Gathering(DatabasePool &pool, std::size_t most_groups) : pool_(pool), most_groups_(most_groups)
    {}

    /// Returns when the seat is served, by its own thread or the leader's.
    /// \param most  seats of one function in a group
    /// \throws Error (SERVICE_UNAVAILABLE) as for a connection
    void serve(Seat &self, std::size_t most, const Serve &serve);

private:
    using Lock = std::unique_lock<std::mutex>;

    static void call(DatabasePool::Lease &lease, const std::vector<Seat *> &group,
                     const Serve &serve);
    bool wait(Lock &lock, Seat &self);
    void take_along(Seat &self, std::size_t most, std::vector<Seat *> &group);
    void hand_on();

    DatabasePool &pool_;
    std::size_t most_groups_;
    std::mutex mutex_;
    std::size_t groups_ = 0;     ///< under way, or waiting for a connection
    std::deque<Seat *> waiting_; ///< empty while there are fewer than most_groups_
};

} // namespace smartflow

#endif

#ifndef SMARTFLOW_DATABASE_GATHERING_HPP
#define SMARTFLOW_DATABASE_GATHERING_HPP

#include "database.hpp"
#include "database_pool.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace smartflow {

class Rows;

/// Those who want the same at the same moment, in groups, a call for each. Who finds as many of
/// their groups under way as there may be waits; when one is done the next leads another, and takes
/// along whoever has come meanwhile. Beside another group one begins only when as many wait as the
/// last ones had (one fewer for each that was smaller): who have just been answered together come
/// together again. So a group is as large as the rush, who comes alone waits for nobody, and no
/// call begins before all it is for have asked.
/// Who isn't taken along goes alone: after a second in which no group was served (all may wait for
/// something that others don't want, such as a product that an import holds), or five.
class Gathering
{
public:
    /// What its request is answered, or the list that all of them ask for.
    using Outcome = std::variant<std::monostate, Reply, std::shared_ptr<Rows>>;

    /// One call. Exactly one of outcome and failure is set when it was served; neither where it has
    /// to be called alone.
    struct Seat {
        /// \param wanted what it may share a group for
        Seat(std::string wanted, const std::string &called, const Arguments &given)
            : what(std::move(wanted)), function(called), arguments(given)
        {}

        const std::string what;
        const std::string &function;
        const Arguments &arguments;
        Outcome outcome;
        std::exception_ptr failure;

    private:
        friend class Gathering;
        enum class State { waits, leads, taken, served };

        void call(State state);
        State wait_while(State state);
        State wait_while(State state, std::chrono::milliseconds patience);

        /// Its own, so that who is called needn't wait for those who are called with it.
        std::mutex mutex_;
        std::condition_variable called_;
        State state_ = State::waits;
    };

    /// Calls for all of these on that connection. May throw: then it failed for all.
    using Serve = std::function<void(DatabasePool::Lease &, const std::vector<Seat *> &)>;

    /// \param most_groups under way at once, of those who want the same
    /// \param most_seats  in a group
    /// \param remembers   how large groups were when there is none any more: only where little can
    /// be
    ///                    wanted, since it is kept for good
    /// \param patience    in which some group should be served
    Gathering(DatabasePool &pool, std::size_t most_groups, std::size_t most_seats, bool remembers,
              std::chrono::milliseconds patience = std::chrono::seconds(1))
        : pool_(pool), most_groups_(most_groups), most_seats_(most_seats), remembers_(remembers),
          patience_(patience)
    {}

    /// Returns when the seat is served, by its own thread or the leader's, or has to be called
    /// alone. \throws Error (SERVICE_UNAVAILABLE) as for a connection
    void serve(Seat &self, const Serve &serve);

    /// How many wait for company now.
    std::size_t waiting();

private:
    using Lock = std::unique_lock<std::mutex>;

    /// Those who want the same.
    struct Company {
        std::size_t groups = 0;     ///< under way, or waiting for a connection
        std::size_t seats = 0;      ///< as many have to wait for another group beside one
        std::uint64_t served = 0;   ///< groups
        std::deque<Seat *> waiting; ///< empty while there is no group
    };

    static void call(DatabasePool::Lease &lease, const std::vector<Seat *> &group,
                     const Serve &serve);
    bool wait(Lock lock, Company &company, Seat &self);
    void take_along(Seat &self, std::vector<Seat *> &group);
    void hand_on(const std::string &what);
    bool may_begin(const Company &company, std::size_t waiting) const;
    void begin_group(Company &company);

    DatabasePool &pool_;
    std::size_t most_groups_;
    std::size_t most_seats_;
    bool remembers_;
    std::chrono::milliseconds patience_;
    std::mutex mutex_;
    std::unordered_map<std::string, Company>
        companies_; ///< those of which there are groups, or were
};

} // namespace smartflow

#endif

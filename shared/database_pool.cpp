#include "database_pool.hpp"

#include "error.hpp"
#include "parameters.hpp"
#include "settings.hpp"
#include "sqlstate.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace smartflow {

namespace {

constexpr auto queue_patience = std::chrono::seconds(5); ///< wait for a free connection at most
/// How long after STATEMENT_TIMEOUT, which the server keeps, it counts as hung.
constexpr auto answer_patience = std::chrono::seconds(2);

/// Hears whether the server says anything of itself.
class Listener : public pqxx::errorhandler
{
public:
    using errorhandler::errorhandler;
    bool operator()(const char *) noexcept override
    {
        heard = true;
        return false;
    }
    bool heard = false;
};

/// Whether an idle connection is of use, without a message sent. Mostly nothing has come, which one
/// look at the socket tells. A server that ends a connection may say so first, and the end itself
/// is read only after that, or isn't there yet: so it is read twice, and whatever is said to a
/// connection that asked nothing is taken for its end.
bool is_alive(pqxx::connection &link)
{
    char first = 0;
    if (::recv(link.sock(), &first, sizeof first, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN) {
        return true;
    }
    Listener listener(link);
    try {
        link.get_notifs();
        link.get_notifs();
    } catch (const std::exception &) {
        return false;
    }
    return !listener.heard;
}

/// A new connection. libpqxx would make it anew by itself where it breaks: without what the session
/// was told, and on a socket that nobody watches.
std::unique_ptr<pqxx::connection> connect(const std::string &url)
{
    try {
        auto link = std::make_unique<pqxx::connection>(url);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
        link->inhibit_reactivation(true);
#pragma GCC diagnostic pop
        return link;
    } catch (const pqxx::failure &failure) {
        throw unavailable(failure.what());
    }
}

constexpr const char *too_many_wait = "too many wait for a database connection";

Error busy(const char *cause)
{
    return Error(Code::service_unavailable, "The server is busy. Try again in a moment.")
        .because(cause)
        .retry_after(1);
}

} // namespace

DatabasePool::Lease::Lease(DatabasePool &pool, bool stream)
    : pool_(pool), stream_(stream), link_(pool.take(stream)), watch_(pool.watchdog_),
      deadline_(Clock::now() + pool.answer_time_)
{}

DatabasePool::Lease::~Lease()
{
    watch_.end();
    if (watch_.overdue()) {
        link_.reset();
    }
    pool_.give_back(stream_, std::move(link_));
}

pqxx::connection &DatabasePool::Lease::link()
{
    if (link_ && !is_alive(*link_)) {
        drop();
    }
    const bool made = !link_;
    if (made) {
        link_ = connect(pool_.url_);
    }
    watch_.begin(link_->sock(), deadline_);
    if (made && !stream_) {
        prepare();
    }
    return *link_;
}

void DatabasePool::Lease::drop() noexcept
{
    watch_.end();
    link_.reset();
}

DatabasePool::Lease::Pause::~Pause()
{
    lease_.deadline_ = Clock::now() + lease_.pool_.answer_time_;
    lease_.watch_.begin(lease_.link_->sock(), lease_.deadline_);
}

DatabasePool::Follower::Follower(DatabasePool &pool) : pool_(pool)
{
    const std::lock_guard<std::mutex> lock(pool.mutex_);
    if (pool.calls_.is_full()) {
        throw busy(too_many_wait);
    }
    ++pool.calls_.followers;
}

DatabasePool::Follower::~Follower()
{
    const std::lock_guard<std::mutex> lock(pool_.mutex_);
    --pool_.calls_.followers;
}

void DatabasePool::Lease::prepare()
{
    try {
        for (const std::string &function : pool_.functions_) {
            link_->prepare(function, call_statement(function));
            link_->prepare_now(function);
        }
    } catch (...) {
        drop();
        throw;
    }
}

DatabasePool::DatabasePool(std::string url, const Settings &settings,
                           std::vector<std::string> functions)
    : url_(std::move(url)), functions_(std::move(functions)),
      answer_time_(std::chrono::seconds(settings.statement_timeout_s) + answer_patience)
{
    const auto threads = static_cast<std::size_t>(settings.threads);
    const auto most = static_cast<std::size_t>(settings.database_connections);
    calls_.most = most;
    calls_.longest_queue = std::max<std::size_t>(threads / 2, 1);
    const std::size_t streams = std::max<std::size_t>(threads / 4, 1);
    streams_.most = std::min(most, streams);
    streams_.longest_queue = streams - streams_.most;
}

bool DatabasePool::is_prepared(const std::string &function) const
{
    return std::find(functions_.begin(), functions_.end(), function) != functions_.end();
}

void DatabasePool::close_idle(std::chrono::seconds idle)
{
    std::vector<Resting> closed; // after the lock: their destructors talk to the server
    const std::lock_guard<std::mutex> lock(mutex_);
    for (Shelf *shelf : {&calls_, &streams_}) {
        // The newest is last, and taken first.
        const auto kept =
            std::find_if(shelf->idle.begin(), shelf->idle.end(),
                         [&](const Resting &one) { return Clock::now() - one.since < idle; });
        std::move(shelf->idle.begin(), kept, std::back_inserter(closed));
        shelf->idle.erase(shelf->idle.begin(), kept);
    }
}

DatabasePool::Connection DatabasePool::take(bool stream)
{
    std::unique_lock<std::mutex> lock(mutex_);
    Shelf &shelf = stream ? streams_ : calls_;
    if (shelf.lent == shelf.most) {
        return wait_in(shelf, lock);
    }
    ++shelf.lent;
    if (shelf.idle.empty()) {
        return nullptr;
    }
    Connection link = std::move(shelf.idle.back().link);
    shelf.idle.pop_back();
    return link;
}

DatabasePool::Connection DatabasePool::wait_in(Shelf &shelf, std::unique_lock<std::mutex> &lock)
{
    if (shelf.is_full()) {
        throw busy(too_many_wait);
    }
    Waiting self;
    shelf.queue.push_back(&self);
    if (!self.called.wait_for(lock, queue_patience, [&] { return self.served; })) {
        shelf.queue.erase(std::find(shelf.queue.begin(), shelf.queue.end(), &self));
        throw busy("no database connection became free");
    }
    return std::move(self.link);
}

void DatabasePool::give_back(bool stream, Connection link)
{
    if (link && !link->is_open()) {
        link.reset();
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    Shelf &shelf = stream ? streams_ : calls_;
    if (!shelf.queue.empty()) {
        Waiting &next = *shelf.queue.front();
        shelf.queue.pop_front();
        next.link = std::move(link);
        next.served = true;
        next.called.notify_one(); // under the lock: it is gone once it has been seen
        return;
    }
    --shelf.lent;
    if (link) {
        shelf.idle.push_back({std::move(link), Clock::now()});
    }
}

} // namespace smartflow

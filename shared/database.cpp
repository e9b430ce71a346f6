#include "database.hpp"

#include "database_rows.hpp"
#include "error.hpp"
#include "parameters.hpp"
#include "settings.hpp"
#include "sqlstate.hpp"
#include "watchdog.hpp"

#include <pqxx/pqxx>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <iterator>
#include <mutex>
#include <random>
#include <thread>

namespace smartflow {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto queue_patience = std::chrono::seconds(5); ///< wait for a free connection at most
/// How long after STATEMENT_TIMEOUT, which the server keeps, it counts as hung.
constexpr auto answer_patience = std::chrono::seconds(2);
const std::string late = "no answer in time: ";          ///< before a cause
constexpr int max_attempts = 5;                          ///< of a lost serialisation or a deadlock
constexpr int streamed_rows_a_fetch = 200;               ///< of a stream

/// Not a failure of the request: the same connection, or a new one, may do it.
struct TryAgain {
    std::string cause;
    bool reconnect; ///< this connection is of no more use
    bool undone;    ///< certainly nothing was done, so that even a write may be repeated
};

} // namespace

std::string connection_string(const Settings &settings, const std::string &family)
{
    std::string url = settings.database_url;
    const std::string placeholder = "{family}";
    for (std::size_t at = url.find(placeholder); at != std::string::npos;
         at = url.find(placeholder, at)) {
        url.replace(at, placeholder.size(), family);
        at += family.size();
    }
    return url;
}

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

/// Whether an idle connection is of use, without a message sent. A server that ends a connection
/// may say so first, and the end itself is read only after that, or isn't there yet: so it is read
/// twice, and whatever is said to a connection that asked nothing is taken for its end.
bool is_alive(pqxx::connection &link)
{
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

/// Connections, made when first needed, lent to one call at a time, in the order of asking. Streams
/// have as many of their own, so that a slow one never keeps short calls waiting.
///
/// Whoever waits holds a thread. So that some are always left, at most half of them wait for a
/// connection, and at most a quarter have to do with streams; beyond that the answer is "busy" at once.
class Database::Pool
{
public:
    using Connection = std::unique_ptr<pqxx::connection>;

    /// A connection that goes back when the call is done; one that failed doesn't. While it is lent
    /// the server must answer, or the connection is shut down.
    class Lease
    {
    public:
        Lease(Pool &pool, bool stream)
            : pool_(pool), stream_(stream), link_(pool.take(stream)), watch_(pool.watchdog_),
              deadline_(Clock::now() + pool.answer_time_)
        {}
        ~Lease()
        {
            watch_.end();
            if (watch_.overdue()) {
                link_.reset();
            }
            pool_.give_back(stream_, std::move(link_));
        }
        Lease(const Lease &) = delete;
        Lease &operator=(const Lease &) = delete;

        /// The connection, sure to have been alive a moment ago.
        pqxx::connection &link()
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

        void drop() noexcept
        {
            watch_.end();
            link_.reset();
        }

        /// Whether the server's time was over.
        bool overdue() const noexcept { return watch_.overdue(); }

        /// Doesn't count the time for as long as it lives; then the server has all of it again.
        class Pause
        {
        public:
            explicit Pause(Lease &lease) : lease_(lease) { lease.watch_.end(); }
            ~Pause()
            {
                lease_.deadline_ = Clock::now() + lease_.pool_.answer_time_;
                lease_.watch_.begin(lease_.link_->sock(), lease_.deadline_);
            }
            Pause(const Pause &) = delete;
            Pause &operator=(const Pause &) = delete;

        private:
            Lease &lease_;
        };

    private:
        void prepare()
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

        Pool &pool_;
        bool stream_;
        Connection link_;
        Watchdog::Watch watch_;
        Clock::time_point deadline_;
    };

    Pool(std::string url, const Settings &settings, std::vector<std::string> functions)
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

    /// One statement, one round trip; prepared beforehand where the connection is kept.
    pqxx::result run(pqxx::connection &link, const std::string &function,
                     const Arguments &arguments) const
    {
        CallParameters parameters(arguments);
        std::string name = function;
        if (arguments.released) {
            name += released_suffix;
        } else if (arguments.key) {
            parameters.values().push_back(function.c_str());
            name = idempotent_call;
        }
        const auto given = pqxx::prepare::make_dynamic_params(parameters.values());
        pqxx::nontransaction statement_alone(link);
        if (std::find(functions_.begin(), functions_.end(), name) == functions_.end()) {
            return statement_alone.exec_params(call_statement(name), given);
        }
        return statement_alone.exec_prepared(name, given);
    }

    pqxx::result answer(const std::string &function, const Arguments &arguments);

    void close_idle(std::chrono::seconds idle)
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

private:
    struct Resting {
        Connection link;
        Clock::time_point since;
    };

    /// Somebody who waits, and then has the place of whoever gave back, with a connection or without.
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
        std::deque<Waiting *> queue; ///< empty while fewer than most are lent
    };

    static Error busy(const char *cause)
    {
        return Error(Code::service_unavailable, "The server is busy. Try again in a moment.")
            .because(cause)
            .retry_after(1);
    }

    Connection take(bool stream)
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

    static Connection wait_in(Shelf &shelf, std::unique_lock<std::mutex> &lock)
    {
        if (shelf.queue.size() >= shelf.longest_queue) {
            throw busy("too many wait for a database connection");
        }
        Waiting self;
        shelf.queue.push_back(&self);
        if (!self.called.wait_for(lock, queue_patience, [&] { return self.served; })) {
            shelf.queue.erase(std::find(shelf.queue.begin(), shelf.queue.end(), &self));
            throw busy("no database connection became free");
        }
        return std::move(self.link);
    }

    void give_back(bool stream, Connection link)
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

    std::string url_;
    std::vector<std::string> functions_;
    std::chrono::seconds answer_time_;
    Watchdog watchdog_;
    std::mutex mutex_;
    Shelf calls_;
    Shelf streams_;
};

namespace {

/// Runs something that talks to PostgreSQL and says what its failure means.
template <typename Work>
auto driver_translated(const Work &work) -> decltype(work())
{
    try {
        return work();
    } catch (const Error &) {
        throw;
    } catch (const pqxx::transaction_rollback &failure) {
        throw TryAgain{failure.what(), false, true}; // 40001, 40P01: undone, nothing has happened
    } catch (const pqxx::too_many_connections &failure) {
        throw unavailable(failure.what());
    } catch (const pqxx::broken_connection &failure) {
        throw TryAgain{failure.what(), true, false};
    } catch (const pqxx::insufficient_privilege &failure) {
        throw error_of("42501", failure.what()); // libpqxx leaves its sqlstate empty
    } catch (const pqxx::sql_error &failure) {
        const std::string &state = failure.sqlstate();
        if (state == "0A000" || state == "25006") { // a changed plan; a server that only reads
            throw TryAgain{state + " " + failure.what(), true, true};
        }
        if (is_reloading(state)) {
            throw TryAgain{state + " " + failure.what(), false, true};
        }
        if (starts_with(state, "57P")) {
            throw TryAgain{state + " " + failure.what(), true, false};
        }
        throw error_of(state, failure.what());
    } catch (const pqxx::failure &failure) {
        throw TryAgain{failure.what(), true, false};
    } catch (const std::exception &failure) {
        throw Error(Code::internal_error, "Something went wrong here.").because(failure.what());
    }
}

/// Waits until what a refusal rests on is on disk: it may be a commit that a crash would undo yet.
/// \throws Error (DATABASE_ERROR) when that can't be known
void flush(pqxx::connection &link)
{
    try {
        pqxx::nontransaction(link).exec("select smartflow_api.any_flush()");
    } catch (const std::exception &failure) {
        throw unavailable(failure.what());
    }
}

/// A pause that grows and differs between those who collided.
void pause_before(int attempt)
{
    thread_local std::minstd_rand dice(std::random_device{}());
    std::uniform_int_distribution<int> ms(1, 10 << attempt);
    std::this_thread::sleep_for(std::chrono::milliseconds(ms(dice)));
}

} // namespace

Database::Database(const Settings &settings, const std::string &family,
                   std::vector<std::string> functions)
{
    // Defaults of every connection that cost no round trip; what the URL itself says counts more.
    setenv("PGTZ", "UTC", 1);
    setenv("PGDATESTYLE", "ISO", 1);
    setenv("PGCLIENTENCODING", "UTF8", 1);
    setenv("PGCONNECT_TIMEOUT", "5", 0);
    setenv("PGAPPNAME", ("smartflow " + family).c_str(), 0);
    setenv("PGOPTIONS",
           ("-c statement_timeout=" + std::to_string(settings.statement_timeout_s) + "s").c_str(),
           0);
    pool_ = std::make_unique<Pool>(connection_string(settings, family), settings,
                                   std::move(functions));
}

Database::~Database() = default;

void Database::close_idle(std::chrono::seconds idle)
{
    pool_->close_idle(idle);
}

Reply Database::call(const std::string &function, const Arguments &arguments, const RowSink &sink)
{
    if (ends_with(function, "_stream")) {
        return stream(function, arguments, sink);
    }
    // All of the answer is here before a slow client gets it, and the connection is free again.
    const pqxx::result result = pool_->answer(function, arguments);
    if (!sink) {
        return reply_of(result);
    }
    pass_rows(result, columns_of(result), sink);
    return Reply();
}

/// What the statement answers, however often it takes; within the time for one.
pqxx::result Database::Pool::answer(const std::string &function, const Arguments &arguments)
{
    Lease lease(*this, false);
    bool reconnected = false;
    for (int attempt = 1;; ++attempt) {
        try {
            return driver_translated([&] { return run(lease.link(), function, arguments); });
        } catch (const Error &refusal) {
            if (arguments.write && refusal.status() == 409) {
                flush(lease.link());
            }
            throw;
        } catch (const TryAgain &again) {
            if (lease.overdue()) {
                throw unavailable(late + again.cause);
            }
            if (again.reconnect) {
                lease.drop();
                // What may have been done is repeated only where repeating does no harm.
                if ((arguments.write && !again.undone) || reconnected) {
                    throw unavailable(again.cause);
                }
                reconnected = true;
            } else if (attempt == max_attempts) {
                throw unavailable(again.cause);
            }
            pause_before(attempt);
        }
    }
}

Reply Database::stream(const std::string &function, const Arguments &arguments, const RowSink &sink)
{
    Pool::Lease lease(*pool_, true);
    std::vector<Column> columns;
    const auto pass = [&](const pqxx::result &part) {
        const Pool::Lease::Pause as_slowly_as_the_client_reads(lease);
        return pass_rows(part, columns, sink);
    };
    try {
        return driver_translated([&] {
            CallParameters parameters(arguments);
            // What only reads can't note that the session is in use.
            pqxx::nontransaction(lease.link())
                .exec_params(call_statement("any_session"),
                             pqxx::prepare::make_dynamic_params(parameters.values()));
            using Snapshot = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;
            Snapshot snapshot(lease.link());
            const Reply reply = reply_of(snapshot.exec_params(
                call_statement(function), pqxx::prepare::make_dynamic_params(parameters.values())));
            if (reply.body) {
                const std::vector<Column> total{{"#total", Column::Kind::raw}};
                if (!sink({&total, {reply.body->c_str()}})) {
                    return reply;
                }
            }
            const std::string fetch =
                "fetch forward " + std::to_string(streamed_rows_a_fetch) + " from rows";
            for (;;) {
                const pqxx::result part = snapshot.exec(fetch);
                if (columns.empty()) {
                    columns = columns_of(part);
                    if (part.empty()) {
                        pass(part);
                    }
                }
                if (part.empty() || !pass(part)) {
                    return reply;
                }
            }
        });
    } catch (const TryAgain &again) {
        lease.drop();
        throw unavailable((lease.overdue() ? late : "") + again.cause);
    }
}

} // namespace smartflow

#include "database_gathering.hpp"

#include <algorithm>

namespace smartflow {

namespace {

constexpr int most_rounds = 5; ///< of patience

} // namespace

/// It may be gone as soon as it has been called.
void Gathering::Seat::call(State state)
{
    const std::lock_guard<std::mutex> lock(mutex_);
    state_ = state;
    if (state != State::taken) { // then it has to wait on
        called_.notify_one();
    }
}

Gathering::Seat::State Gathering::Seat::wait_while(State state)
{
    std::unique_lock<std::mutex> lock(mutex_);
    called_.wait(lock, [&] { return state_ != state; });
    return state_;
}

Gathering::Seat::State Gathering::Seat::wait_while(State state, std::chrono::milliseconds patience)
{
    std::unique_lock<std::mutex> lock(mutex_);
    called_.wait_for(lock, patience, [&] { return state_ != state; });
    return state_;
}

void Gathering::serve(Seat &self, const Serve &serve)
{
    std::vector<Seat *> group;
    group.reserve(most_seats_); // nothing may be thrown while others rely on this one
    Lock lock(mutex_);
    Company &company = companies_[self.what];
    if (company.waiting.empty() && may_begin(company, 1)) {
        ++company.groups;
        lock.unlock();
    } else if (!wait(std::move(lock), company, self)) {
        return;
    }
    lock = Lock(mutex_, std::defer_lock);
    try {
        DatabasePool::Lease lease(pool_, false);
        lock.lock();
        take_along(self, group);
        lock.unlock();
        call(lease, group, serve);
    } catch (...) { // no connection
        lock.lock();
        hand_on(self.what);
        throw;
    }
    lock.lock();
    ++company.served;
    hand_on(self.what);
    lock.unlock();
    for (Seat *seat : group) {
        seat->call(Seat::State::served);
    }
}

std::size_t Gathering::waiting()
{
    const Lock lock(mutex_);
    std::size_t waiting = 0;
    for (const auto &[what, company] : companies_) {
        waiting += company.waiting.size();
    }
    return waiting;
}

void Gathering::call(DatabasePool::Lease &lease, const std::vector<Seat *> &group,
                     const Serve &serve)
{
    try {
        serve(lease, group);
    } catch (...) {
        for (Seat *seat : group) {
            if (std::holds_alternative<std::monostate>(seat->outcome)) {
                seat->failure = std::current_exception();
            }
        }
    }
}

/// \returns whether it leads now; else it was served, or has to be called alone
bool Gathering::wait(Lock lock, Company &company, Seat &self)
{
    const DatabasePool::Follower one_more(pool_);
    company.waiting.push_back(&self);
    begin_group(company);
    for (int round = 1;; ++round) {
        const std::uint64_t before = company.served;
        lock.unlock();
        if (self.wait_while(Seat::State::waits, patience_) != Seat::State::waits) {
            break;
        }
        lock.lock();
        if (self.wait_while(Seat::State::waits, {}) != Seat::State::waits) {
            break; // called in this very moment: the company may be gone
        }
        if (company.served == before || round == most_rounds) {
            auto &waiting = company.waiting;
            waiting.erase(std::find(waiting.begin(), waiting.end(), &self));
            return false;
        }
    }
    // Who was taken along isn't given up any more: the pool watches that connection.
    return self.wait_while(Seat::State::taken) == Seat::State::leads;
}

void Gathering::take_along(Seat &self, std::vector<Seat *> &group)
{
    Company &company = companies_.at(self.what);
    auto &waiting = company.waiting;
    group.push_back(&self);
    while (!waiting.empty() && group.size() < most_seats_) {
        waiting.front()->call(Seat::State::taken);
        group.push_back(waiting.front());
        waiting.pop_front();
    }
    company.seats = std::max(group.size() + 1, company.seats) - 1;
}

/// A group that is done makes room for another.
void Gathering::hand_on(const std::string &what)
{
    const auto company = companies_.find(what);
    --company->second.groups;
    begin_group(company->second);
    if (company->second.groups == 0 && !remembers_) {
        companies_.erase(company);
    }
}

bool Gathering::may_begin(const Company &company, std::size_t waiting) const
{
    return company.groups == 0 || (company.groups < most_groups_ && waiting >= company.seats);
}

/// Lets the next one lead a group, if there may be one.
void Gathering::begin_group(Company &company)
{
    auto &waiting = company.waiting;
    if (!waiting.empty() && may_begin(company, waiting.size())) {
        Seat *next = waiting.front();
        waiting.pop_front();
        ++company.groups;
        next->call(Seat::State::leads);
    }
}

} // namespace smartflow

#include "database_gathering.hpp"

#include <algorithm>

namespace smartflow {

namespace {

constexpr int most_rounds = 5; ///< of patience

} // namespace

void Gathering::serve(Seat &self, const Serve &serve)
{
    std::vector<Seat *> group;
    group.reserve(most_seats_); // nothing may be thrown while others rely on this one
    Lock lock(mutex_);
    Company &company = companies_[self.what];
    if (company.groups < most_groups_) {
        ++company.groups;
    } else if (!wait(lock, company, self)) {
        return;
    }
    lock.unlock();
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
    for (Seat *seat : group) {
        seat->state_ = Seat::State::served;
        seat->called_.notify_one(); // under the lock: it is gone once it has been seen
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
            seat->failure = std::current_exception();
        }
    }
}

/// \returns whether it leads now; else it was served, or has to be called alone
bool Gathering::wait(Lock &lock, Company &company, Seat &self)
{
    const DatabasePool::Follower one_more(pool_);
    company.waiting.push_back(&self);
    const auto called = [&] { return self.state_ != Seat::State::waits; };
    for (int round = 1;; ++round) {
        const std::uint64_t before = company.served;
        if (self.called_.wait_for(lock, patience_, called)) {
            break;
        }
        if (company.served == before || round == most_rounds) {
            auto &waiting = company.waiting;
            waiting.erase(std::find(waiting.begin(), waiting.end(), &self));
            return false;
        }
    }
    // Who was taken along isn't given up any more: the pool watches that connection.
    self.called_.wait(lock, [&] { return self.state_ != Seat::State::taken; });
    return self.state_ == Seat::State::leads;
}

void Gathering::take_along(Seat &self, std::vector<Seat *> &group)
{
    auto &waiting = companies_.at(self.what).waiting;
    group.push_back(&self);
    while (!waiting.empty() && group.size() < most_seats_) {
        waiting.front()->state_ = Seat::State::taken;
        group.push_back(waiting.front());
        waiting.pop_front();
    }
}

/// Lets the next one lead a group, if there is one.
void Gathering::hand_on(const std::string &what)
{
    const auto company = companies_.find(what);
    auto &waiting = company->second.waiting;
    if (!waiting.empty()) {
        waiting.front()->state_ = Seat::State::leads;
        waiting.front()->called_.notify_one();
        waiting.pop_front();
    } else if (--company->second.groups == 0) {
        companies_.erase(company);
    }
}

} // namespace smartflow

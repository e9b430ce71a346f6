#include "database_gathering.hpp"

#include <algorithm>
#include <chrono>

namespace smartflow {

namespace {

/// All groups may wait for something that others don't want, such as a product that an import
/// holds.
constexpr auto company_patience = std::chrono::seconds(1);

} // namespace

void Gathering::serve(Seat &self, std::size_t most, const Serve &serve)
{
    std::vector<Seat *> group;
    group.reserve(most); // nothing may be thrown while others rely on this one
    Lock lock(mutex_);
    if (groups_ < most_groups_) {
        ++groups_;
    } else if (!wait(lock, self)) {
        return;
    }
    lock.unlock();
    try {
        DatabasePool::Lease lease(pool_, false);
        lock.lock();
        take_along(self, most, group);
        lock.unlock();
        call(lease, group, serve);
    } catch (...) { // no connection
        lock.lock();
        hand_on();
        throw;
    }
    lock.lock();
    hand_on();
    for (Seat *seat : group) {
        seat->state_ = Seat::State::served;
        seat->called_.notify_one(); // under the lock: it is gone once it has been seen
    }
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
bool Gathering::wait(Lock &lock, Seat &self)
{
    const DatabasePool::Follower one_more(pool_);
    waiting_.push_back(&self);
    const auto called = [&] { return self.state_ != Seat::State::waits; };
    if (!self.called_.wait_for(lock, company_patience, called)) {
        waiting_.erase(std::find(waiting_.begin(), waiting_.end(), &self));
        return false;
    }
    // Who was taken along isn't given up any more: the pool watches that connection.
    self.called_.wait(lock, [&] { return self.state_ != Seat::State::taken; });
    return self.state_ == Seat::State::leads;
}

void Gathering::take_along(Seat &self, std::size_t most, std::vector<Seat *> &group)
{
    group.push_back(&self);
    while (!waiting_.empty() && group.size() < most &&
           waiting_.front()->function == self.function) {
        waiting_.front()->state_ = Seat::State::taken;
        group.push_back(waiting_.front());
        waiting_.pop_front();
    }
}

/// Lets the next one lead a group, if there is one.
void Gathering::hand_on()
{
    if (waiting_.empty()) {
        --groups_;
        return;
    }
    waiting_.front()->state_ = Seat::State::leads;
    waiting_.front()->called_.notify_one();
    waiting_.pop_front();
}

} // namespace smartflow

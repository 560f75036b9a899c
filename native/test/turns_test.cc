// The queue of batches of one model.
#include "../binding/turn.h"

#include <atomic>
#include <thread>
#include <vector>

#include "random.h"
#include "test.h"

using namespace clmbr;
using namespace clmbr::test;
using binding::Turns;

TEST("turns: in the order of their places, one at a time, whoever gives up") {
    Random random(81);
    for (int round = 0; round < 50; round++) {
        auto turns = std::make_shared<Turns>();
        constexpr int kCount = 12;
        std::vector<std::unique_ptr<Turns::Place>> places;
        for (int i = 0; i < kCount; i++) places.push_back(std::make_unique<Turns::Place>(turns));
        // Not atomic: the turns themselves have to keep the threads apart.
        std::vector<int> order;
        std::vector<int> expected;
        std::vector<std::thread> threads;
        for (int i = 0; i < kCount; i++) {
            const bool gives_up = random.integer(0, 3) == 0;
            if (!gives_up) expected.push_back(i);
            threads.emplace_back([&, i, gives_up] {
                Turns::Place & place = *places[static_cast<size_t>(i)];
                if (gives_up) return places[static_cast<size_t>(i)].reset();
                place.wait();
                order.push_back(i);
                place.leave();
                place.leave();
            });
        }
        for (std::thread & thread : threads) thread.join();
        CHECK(order == expected);
    }
}

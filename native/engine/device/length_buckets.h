// Which sequences of a batch run side by side on a device, padded to one length.
#pragma once

#include <vector>

#include "../batch.h"

namespace clmbr {

struct LengthBucket {
    std::vector<int> sequences;  // indices into BatchLayout::sequences
    int length = 0;              // padded
    int rows = 0;                // that the last layer computes of each; 0: all
};

// Sequences of which nothing is asked are left out. At most `budget` padded tokens come together, except that one sequence may be longer.
// Buckets come in falling length; padding is at most a third of a bucket of longer sequences.
std::vector<LengthBucket> bucket_sequences(const BatchLayout & layout, int context_length, int budget);

}  // namespace clmbr

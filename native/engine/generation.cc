#include "generation.h"

#include <string>

#include "cpu/head_input.h"
#include "error.h"

namespace clmbr {

std::shared_ptr<const History> prefill(Executor & executor, const std::vector<int32_t> & tokens, const std::atomic<bool> & cancelled) {
    const Hyperparameters & h = executor.weights().hyperparameters();
    if (tokens.empty() || tokens.size() > static_cast<size_t>(h.context_length))
        throw Error("INVALID_ARGUMENT", "Expected a history of 1 to " + std::to_string(h.context_length) + " tokens, found " + std::to_string(tokens.size()) + ".");
    auto history = std::make_shared<History>(h, static_cast<int>(tokens.size()));
    history->logits.resize(static_cast<size_t>(h.vocabulary_size));
    Batch batch;
    batch.tokens = tokens;
    batch.lengths = {history->length};
    batch.representation = Representation::Logits;
    batch.outputs = {{0, history->length, history->logits.data(), nullptr}};
    executor.run(batch, cancelled, &history->store);
    return history;
}

std::vector<Draw> step(Executor & executor, const std::vector<StepRow> & rows, const SamplerSettings & settings, const std::atomic<bool> & cancelled) {
    const int vocabulary = executor.weights().hyperparameters().vocabulary_size;
    std::vector<Draw> draws(rows.size());
    std::vector<SamplerMemory> memory(static_cast<size_t>(executor.threads()), SamplerMemory(static_cast<size_t>(vocabulary)));
    const auto draw_row = [&](size_t row, const float * logits, int worker) {
        draws[row] = draw(executor.kernels(), settings, logits, vocabulary, rows[row].sample, rows[row].event, memory[static_cast<size_t>(worker)]);
    };

    std::vector<size_t> first, advanced;
    std::vector<int32_t> tokens;
    std::vector<Continuation *> continuations;
    for (size_t i = 0; i < rows.size(); i++) {
        if (rows[i].token < 0) {
            first.push_back(i);
            continue;
        }
        advanced.push_back(i);
        tokens.push_back(rows[i].token);
        continuations.push_back(rows[i].continuation);
    }
    if (!first.empty()) {
        const auto task = [&](int i, int worker) {
            const size_t row = first[static_cast<size_t>(i)];
            draw_row(row, rows[row].continuation->history->logits.data(), worker);
        };
        executor.pool().run(static_cast<int>(first.size()), task, cancelled);
    }
    if (!advanced.empty()) {
        executor.run_step(tokens, continuations, cancelled, [&](const cpu::Workspace & workspace, const float * hidden) {
            each_logits(cpu::head_input(workspace), hidden, static_cast<int>(advanced.size()),
                        [&](int i, const float * logits, int worker) { draw_row(advanced[static_cast<size_t>(i)], logits, worker); });
        });
    }
    if (cancelled) throw Error("ABORTED", "The step was cancelled.");
    for (Continuation * c : continuations) c->length++;
    return draws;
}

}  // namespace clmbr

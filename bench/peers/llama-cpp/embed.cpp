// Vectors of token ids by llama.cpp: embed --model M.gguf --threads N [--repeats R] [--vectors OUT] [--cold] [--logits] [--flash 0|1]
//   [--micro-batch N] FILE...     (see bench/cases/embed.mjs)
//
// llama.cpp's embedding mode computes the logits of every token and throws them away. With --logits it runs as for a prompt instead and
// the rows are the logits of the last token: less work, though it does not give the vector.
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "llama.h"

namespace {

double now(clockid_t clock) {
    timespec t;
    clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

[[noreturn]] void fail(const char * what) {
    fprintf(stderr, "%s\n", what);
    exit(1);
}

struct Options {
    std::string model, vectors;
    std::vector<std::string> files;
    int threads = 1, repeats = 2, micro_batch = 512;
    bool cold = false, logits = false, flash = true;

    Options(int argc, char ** argv) {
        for (int i = 1; i < argc; i++) {
            const std::string name = argv[i];
            const auto value = [&] { return i + 1 < argc ? argv[++i] : ""; };
            if (name == "--model") model = value();
            else if (name == "--vectors") vectors = value();
            else if (name == "--threads") threads = atoi(value());
            else if (name == "--repeats") repeats = atoi(value());
            else if (name == "--micro-batch") micro_batch = atoi(value());
            else if (name == "--flash") flash = atoi(value()) != 0;
            else if (name == "--cold") cold = true;
            else if (name == "--logits") logits = true;
            else files.push_back(name);
        }
    }
};

std::vector<std::vector<llama_token>> read_sequences(const std::string & file) {
    std::vector<std::vector<llama_token>> sequences;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        std::istringstream numbers(line);
        std::vector<llama_token> ids;
        for (llama_token id; numbers >> id;) ids.push_back(id);
        if (!ids.empty()) sequences.push_back(ids);
    }
    return sequences;
}

class Session {
public:
    explicit Session(const Options & options) : options_(options) {
        llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
        llama_backend_init();
        llama_model_params settings = llama_model_default_params();
        model_ = llama_model_load_from_file(options.model.c_str(), settings);
        if (model_ == nullptr) fail("The model cannot be loaded.");
        llama_context_params context = llama_context_default_params();
        context.n_ctx = 4096;
        context.n_batch = 4096;
        // A sequence that is pooled has to fit one micro-batch.
        context.n_ubatch = static_cast<uint32_t>(options.micro_batch);
        context.n_threads = context.n_threads_batch = options.threads;
        context.flash_attn_type = options.flash ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
        context.embeddings = !options.logits;
        context.pooling_type = LLAMA_POOLING_TYPE_NONE;
        context_ = llama_init_from_model(model_, context);
        if (context_ == nullptr) fail("The context cannot be made.");
    }

    void row(const std::vector<llama_token> & ids, std::vector<float> & rows) {
        llama_memory_clear(llama_get_memory(context_), true);
        llama_batch batch = llama_batch_init(static_cast<int32_t>(ids.size()), 0, 1);
        batch.n_tokens = static_cast<int32_t>(ids.size());
        for (int i = 0; i < batch.n_tokens; i++) {
            batch.token[i] = ids[static_cast<size_t>(i)];
            batch.pos[i] = i;
            batch.n_seq_id[i] = 1;
            batch.seq_id[i][0] = 0;
            batch.logits[i] = !options_.logits || i + 1 == batch.n_tokens;
        }
        if (llama_decode(context_, batch) != 0) fail("llama_decode failed.");
        const int last = batch.n_tokens - 1;
        const float * values = options_.logits ? llama_get_logits_ith(context_, last) : llama_get_embeddings_ith(context_, last);
        const int width = options_.logits ? llama_vocab_n_tokens(llama_model_get_vocab(model_)) : llama_model_n_embd(model_);
        rows.insert(rows.end(), values, values + width);
        llama_batch_free(batch);
    }

private:
    const Options & options_;
    llama_model * model_ = nullptr;
    llama_context * context_ = nullptr;
};

std::string list(const std::vector<double> & values) {
    std::string text;
    for (const double value : values) text += (text.empty() ? "" : ",") + std::to_string(value);
    return "[" + text + "]";
}

}  // namespace

int main(int argc, char ** argv) {
    const Options options(argc, argv);
    if (options.files.empty()) fail("Expected a file of sequences.");
    const double started = now(CLOCK_MONOTONIC);
    Session session(options);
    const double loaded = now(CLOCK_MONOTONIC) - started;
    std::vector<float> vectors, ignored;
    if (!options.cold) {
        std::vector<llama_token> first = read_sequences(options.files[0])[0];
        first.resize(std::min<size_t>(first.size(), 32));
        session.row(first, ignored);
    }
    std::string runs;
    for (const std::string & file : options.files) {
        const auto sequences = read_sequences(file);
        std::vector<double> seconds, processor;
        for (int run = 0; run < options.repeats; run++) {
            std::vector<float> rows;
            const double from = now(CLOCK_MONOTONIC), used = now(CLOCK_PROCESS_CPUTIME_ID);
            for (const auto & ids : sequences) session.row(ids, rows);
            seconds.push_back(now(CLOCK_MONOTONIC) - from);
            processor.push_back(now(CLOCK_PROCESS_CPUTIME_ID) - used);
            if (vectors.empty()) vectors = rows;
        }
        runs += (runs.empty() ? "" : ",") + std::string("{\"seconds\":") + list(seconds) + ",\"processorSeconds\":" + list(processor) + "}";
    }
    if (!options.vectors.empty())
        std::ofstream(options.vectors, std::ios::binary).write(reinterpret_cast<const char *>(vectors.data()), static_cast<long>(vectors.size() * sizeof(float)));
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"loadSeconds\":%f,\"runs\":[%s],\"peakMiB\":%f}\n", loaded, runs.c_str(), static_cast<double>(usage.ru_maxrss) / 1024);
    fflush(stdout);
    _Exit(0);
}

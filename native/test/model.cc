#include "model.h"

#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace clmbr::test {

namespace {

using Vector = std::vector<double>;

Vector times(const Matrix & m, const Vector & x) {
    Vector result(static_cast<size_t>(m.rows), 0.0);
    for (int r = 0; r < m.rows; r++)
        for (int c = 0; c < m.columns; c++) result[static_cast<size_t>(r)] += static_cast<double>(m.at(r, c)) * x[static_cast<size_t>(c)];
    return result;
}

Vector normalised(const Vector & x, const Matrix & weight, double epsilon) {
    double squares = 0;
    for (const double v : x) squares += v * v;
    Vector result(x.size());
    for (size_t i = 0; i < x.size(); i++)
        result[i] = weight.at(0, static_cast<int>(i)) * x[i] / std::sqrt(squares / static_cast<double>(x.size()) + epsilon);
    return result;
}

void add_to(Vector & x, const Vector & y) {
    for (size_t i = 0; i < x.size(); i++) x[i] += y[i];
}

void rotate(Vector & x, const Hyperparameters & h, size_t position) {
    const size_t size = static_cast<size_t>(h.head_size), half = size / 2;
    for (size_t begin = 0; begin < x.size(); begin += size) {
        for (size_t i = begin; i < begin + half; i++) {
            const double angle = static_cast<float>(position) * h.inverse_frequencies[i - begin];
            const double a = x[i], b = x[i + half];
            x[i] = a * std::cos(angle) - b * std::sin(angle);
            x[i + half] = b * std::cos(angle) + a * std::sin(angle);
        }
    }
}

// One query against keys and values of its own and earlier positions.
Vector attend(const Vector & query, const std::vector<Vector> & keys, const std::vector<Vector> & values, size_t position,
              const Hyperparameters & h) {
    const size_t size = static_cast<size_t>(h.head_size), group = static_cast<size_t>(h.head_count / h.kv_head_count);
    Vector out(query.size(), 0.0);
    for (size_t head = 0; head < static_cast<size_t>(h.head_count); head++) {
        const size_t q = head * size, kv = head / group * size;
        Vector weight(position + 1, 0.0);
        double sum = 0;
        for (size_t key = 0; key <= position; key++) {
            for (size_t d = 0; d < size; d++) weight[key] += query[q + d] * keys[key][kv + d];
            sum += weight[key] = std::exp(weight[key] / std::sqrt(static_cast<double>(size)));
        }
        for (size_t key = 0; key <= position; key++)
            for (size_t d = 0; d < size; d++) out[q + d] += weight[key] / sum * values[key][kv + d];
    }
    return out;
}

}  // namespace

std::string temporary_path() {
    static std::atomic<int> count{0};
    Random random(static_cast<uint64_t>(std::filesystem::file_time_type::clock::now().time_since_epoch().count()));
    const std::string name = "clmbr-native-test-" + std::to_string(random.bits()) + "-" + std::to_string(count++);
    return (std::filesystem::temp_directory_path() / name).string();
}

void write_bytes(const std::string & path, const std::vector<uint8_t> & bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) throw std::runtime_error("could not write " + path);
}

Matrix permuted_rows(const Matrix & matrix, int heads) {
    Matrix result = matrix;
    const int head_size = matrix.rows / heads, half = head_size / 2;
    int target = 0;
    for (int head = 0; head < heads; head++)
        for (int i = 0; i < half; i++)
            for (const int row : {head * head_size + i, head * head_size + half + i})
                std::memcpy(result.bytes.data() + matrix.row_bytes() * static_cast<size_t>(target++),
                            matrix.bytes.data() + matrix.row_bytes() * static_cast<size_t>(row), matrix.row_bytes());
    return result;
}

Model::Model(const ModelOptions & o) {
    Hyperparameters & h = description.hyperparameters;
    h.context_length = o.context;
    h.hidden_size = o.hidden_size;
    h.layer_count = o.layers;
    h.head_count = o.heads;
    h.kv_head_count = o.kv_heads;
    h.head_size = o.head_size;
    h.feed_forward_size = o.feed_forward;
    h.vocabulary_size = o.vocabulary;
    h.rms_norm_epsilon = 1e-5f;
    h.tied_embeddings = o.tied;
    for (int i = 0; i < o.head_size / 2; i++) h.inverse_frequencies.push_back(static_cast<float>(std::pow(10000.0, -2.0 * i / o.head_size)));

    Random random(o.seed);
    const auto matrix = [&](kernels::WeightType type, int rows, int columns) {
        return random_matrix(random, type, rows, columns, 3.0f / std::sqrt(static_cast<float>(columns)));
    };
    const auto norm = [&] { return random_matrix(random, kernels::WeightType::F32, 1, o.hidden_size, 1.5f); };
    file_.resize(13);  // offsets need not be aligned
    add(Role::TokenEmbedding, -1, random_matrix(random, o.embedding_type, o.vocabulary, o.hidden_size));
    for (int layer = 0; layer < o.layers; layer++) {
        add(Role::AttentionNorm, layer, norm());
        add(Role::Query, layer, matrix(o.type, h.query_width(), o.hidden_size), o.permuted ? o.heads : 0);
        add(Role::Key, layer, matrix(o.type, h.kv_width(), o.hidden_size), o.permuted ? o.kv_heads : 0);
        add(Role::Value, layer, matrix(o.type, h.kv_width(), o.hidden_size));
        add(Role::AttentionOutput, layer, matrix(o.type, o.hidden_size, h.query_width()));
        add(Role::FeedForwardNorm, layer, norm());
        add(Role::Gate, layer, matrix(o.type, o.feed_forward, o.hidden_size));
        add(Role::Up, layer, matrix(o.type, o.feed_forward, o.hidden_size));
        add(Role::Down, layer, matrix(o.type, o.hidden_size, o.feed_forward));
    }
    add(Role::OutputNorm, -1, norm());
    if (!o.tied) add(Role::Output, -1, matrix(o.embedding_type, o.vocabulary, o.hidden_size));

    description.path = description.key = temporary_path();
    description.file_size = file_.size();
    write_bytes(description.path, file_);
}

Model::~Model() { std::remove(description.path.c_str()); }

void Model::add(Role role, int layer, const Matrix & matrix, int permuted_heads) {
    const Matrix stored = permuted_heads == 0 ? matrix : permuted_rows(matrix, permuted_heads);
    const std::string name = "tensor " + std::to_string(description.tensors.size());
    description.tensors.push_back(
        {name, role, layer, matrix.type, matrix.rows, matrix.columns, file_.size(), stored.bytes.size(), permuted_heads});
    file_.insert(file_.end(), stored.bytes.begin(), stored.bytes.end());
    file_.resize(file_.size() + 3, 0xff);
    weights_[{role, layer}] = matrix;
}

std::vector<Vector> Model::hidden(const std::vector<int32_t> & tokens) const {
    const Hyperparameters & hp = h();
    const double epsilon = hp.rms_norm_epsilon;
    std::vector<Vector> x;
    for (const int32_t token : tokens) {
        x.emplace_back();
        for (int i = 0; i < hp.hidden_size; i++) x.back().push_back(weights(Role::TokenEmbedding).at(token, i));
    }
    for (int layer = 0; layer < hp.layer_count; layer++) {
        std::vector<Vector> queries, keys, values;
        for (size_t i = 0; i < x.size(); i++) {
            const Vector input = normalised(x[i], weights(Role::AttentionNorm, layer), epsilon);
            queries.push_back(times(weights(Role::Query, layer), input));
            keys.push_back(times(weights(Role::Key, layer), input));
            values.push_back(times(weights(Role::Value, layer), input));
            rotate(queries.back(), hp, i);
            rotate(keys.back(), hp, i);
        }
        for (size_t i = 0; i < x.size(); i++) {
            add_to(x[i], times(weights(Role::AttentionOutput, layer), attend(queries[i], keys, values, i, hp)));
            const Vector input = normalised(x[i], weights(Role::FeedForwardNorm, layer), epsilon);
            Vector gate = times(weights(Role::Gate, layer), input);
            const Vector up = times(weights(Role::Up, layer), input);
            for (size_t k = 0; k < gate.size(); k++) gate[k] = gate[k] / (1 + std::exp(-gate[k])) * up[k];
            add_to(x[i], times(weights(Role::Down, layer), gate));
        }
    }
    for (Vector & row : x) row = normalised(row, weights(Role::OutputNorm), epsilon);
    return x;
}

Vector Model::logits(const Vector & hidden) const {
    return times(weights(h().tied_embeddings ? Role::TokenEmbedding : Role::Output), hidden);
}

}  // namespace clmbr::test

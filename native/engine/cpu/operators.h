// The operators of a Llama layer on the CPU. Tensors are row-major F32; each call spreads over the threads of the workspace.
#pragma once

#include "workspace.h"

namespace clmbr::cpu {

// out[row] = embedding of tokens[row]; stride hidden_size.
void embed_tokens(const Workspace & w, float * out);

// out[i] = x[rows of the pass [i]]; stride hidden_size.
void gather_rows(const Workspace & w, const float * x, float * out);

// Norm and projections: queries [rows, query_stride] and, for every token, keys beside values [tokens, key_value_stride].
// Either may be null.
void attention_input(const Workspace & w, int layer, const float * x, int rows, float * queries, float * keys_values);

// Rotates queries and keys, packs keys and values, and attends. `every_row`: queries of all tokens, else of the pass's rows.
// `queries` is overwritten by the result.
void attend(const Workspace & w, int layer, float * queries, const float * keys_values, bool every_row);

// The same for a step of generation: keys and values are appended to each row's continuation.
void attend_step(const Workspace & w, int layer, float * queries, const float * keys_values);

// x += projection of the attention's result.
void attention_output(const Workspace & w, int layer, const float * attended, int rows, float * x);

// x += down(silu(gate(norm(x))) * up(norm(x))).
void feed_forward(const Workspace & w, int layer, int rows, float * x);

// out = norm(x) with the norm before the head; stride hidden_size.
void output_norm(const Workspace & w, const float * x, int rows, float * out);

}  // namespace clmbr::cpu

// The vocabulary's cross-entropy, forward and backward, for any kind of factors (vocabulary_factors.h).
//
// Positions come in blocks of a few hundred. Of a block, chunks of words make their logits, which become exponentials with
// the chunk's maximum taken out (vocabulary_chunk.h); then the chunks' maxima and sums are joined in order. Without
// gradients a chunk's exponentials are forgotten at once. For gradients those of one block are kept, 40 MB at most
// whatever the number of positions (of 64 positions where a vocabulary has more than 156,000 words): the derivatives need
// the sum over all words first, and making the logits a second time would be a fourth product beside three. An exponential
// is made once, too: what it lacks is a factor per position and chunk. Then groups of chunks turn theirs into derivatives, by word and by position, and two matrix
// products add them to the gradients of the table, where it lies, and of the states. 6 positions words width operations.
//
// A logit is a chain over the width; chunks, groups and blocks have sizes that follow from the shapes alone, and come in
// one order: results do not depend on threads, nor a position's on its neighbours. The table's rows are read where they
// lie, as the products' left side, so that only states, and a group's rows for the second product, are packed.
#pragma once

#include "../../../core/data_checks.h"
#include "vocabulary_chunk.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t kept_floats = 10 * 1000 * 1000;
constexpr int64_t least_positions = 64;  // of a block, lest reading the table decides
constexpr int64_t group_chunks = 8;
constexpr int64_t group_words = group_chunks * chunk_words;

constexpr int64_t whole_lines(int64_t floats) { return divide_up(floats, 16) * 16; }
// Rows an odd number of lines apart do not share their places in the cache.
constexpr int64_t odd_lines(int64_t floats) { return (divide_up(floats, 16) | 1) * 16; }

template <typename Factors>
class VocabularyLoss {
  using Product = typename Factors::Product;

 public:
  explicit VocabularyLoss(const OpCall& call)
      : call_(call),
        workers_(*call.workers),
        states_(call.inputs[vocabulary_loss_op::states]),
        table_(call.inputs[vocabulary_loss_op::table]),
        state_gradient_(call.outputs[vocabulary_loss_op::state_gradient]),
        table_gradient_(call.outputs[vocabulary_loss_op::table_gradient]),
        bias_gradient_(static_cast<float*>(call.outputs[vocabulary_loss_op::bias_gradient].data)),
        positions_(states_.shape[0]),
        words_(table_.shape[0]),
        width_(states_.shape[1]),
        chunks_(divide_up(words_, chunk_words)),
        keeps_(state_gradient_ || table_gradient_ || bias_gradient_ != nullptr) {
    const int64_t most = larger(least_positions, kept_floats / (chunks_ * slot_floats) * panel_width);
    const int64_t blocks = larger(1, divide_up(positions_, most));
    block_ = larger(1, divide_up(divide_up(positions_, blocks), panel_width)) * panel_width;
    panels_ = divide_up(width_, panel_width);
    depth_ = Factors::steps(width_);
    row_stride_ = odd_lines(depth_);
    word_stride_ = odd_lines(Factors::steps(block_));
    position_stride_ = odd_lines(Factors::steps(group_words) + 16);
  }

  Status run() {
    const size_t bytes = static_cast<size_t>(place(nullptr)) * sizeof(float);
    float* memory = static_cast<float*>(workers_.scratch(workers_, 0, bytes));
    if (memory == nullptr) return fail(call_, Status::out_of_memory, "no memory for a block of positions");
    place(memory);
    const bool accumulate = call_.parameters[vocabulary_loss_op::accumulate] == 1;
    if (positions_ == 0 && !accumulate) clear_gradients();
    for (int64_t first = 0; first < positions_; first += block_) {
      first_ = first;
      count_ = smaller(block_, positions_ - first);
      add_ = accumulate || first > 0;
      pack_states();
      forward();
      join_chunks();
      for (int64_t chunk = 0; keeps_ && chunk < chunks_; chunk += group_chunks) backward(chunk);
    }
    return Status::ok;
  }

 private:
  // Lays the arrays out from `memory` on, unless it is null, and returns how many floats they take.
  int64_t place(float* memory) {
    int64_t used = 0;
    auto array = [&](float*& start, bool wanted, int64_t floats) {
      if (!wanted) return;
      if (memory) start = memory + used;
      used += whole_lines(floats);
    };
    const int64_t participants = workers_.count;
    array(own_, true, block_);
    array(weights_, true, block_);
    array(maxima_, true, chunks_ * block_);
    array(totals_, true, chunks_ * block_);
    array(state_rows_, true, block_ * depth_);
    array(values_, keeps_, chunks_ * chunk_floats());
    array(state_columns_, bool(table_gradient_), panels_ * panel_width * Factors::steps(block_));
    array(by_word_, bool(table_gradient_), group_words * word_stride_);
    array(table_columns_, bool(state_gradient_), panels_ * panel_width * Factors::steps(group_words));
    array(by_position_, bool(state_gradient_), block_ * position_stride_);
    copy_floats_ = Factors::copies_rows ? whole_lines(chunk_words * row_stride_) : 0;
    each_floats_ = whole_lines(larger(copy_floats_ + (keeps_ ? 0 : chunk_floats()), product_floats()));
    array(each_, true, participants * each_floats_);
    return used;
  }

  int64_t chunk_floats() const { return block_ / panel_width * slot_floats; }

  // What the sums of any of the products by derivatives take.
  int64_t product_floats() const {
    int64_t most = 0;
    const int64_t counts[] = {smaller(block_, positions_), positions_ % block_};
    const int64_t groups[] = {smaller(group_words, words_), words_ % group_words};
    for (const int64_t count : counts) {
      for (const int64_t words : groups) {
        if (count == 0 || words == 0) continue;
        if (table_gradient_) most = larger(most, sums_floats<Product>(table_product(0, words, count)));
        if (state_gradient_) most = larger(most, sums_floats<Product>(state_product(0, words, count)));
      }
    }
    return most;
  }

  const float* state(int64_t i) const { return vector_of(states_) + i * states_.row_stride; }
  const float* table_row(int64_t word) const { return vector_of(table_) + word * table_.row_stride; }
  const float* bias() const { return vector_of(call_.inputs[vocabulary_loss_op::bias]); }
  float* each(int32_t participant) const { return each_ + participant * each_floats_; }

  PositionSums sums_of(int64_t chunk) const {
    const int32_t* targets = static_cast<const int32_t*>(call_.inputs[vocabulary_loss_op::targets].data);
    return {targets + first_, own_, maxima_ + chunk * block_, totals_ + chunk * block_};
  }

  Chunk chunk_of(int64_t chunk, float* values) const {
    const int64_t word = chunk * chunk_words;
    return {word, smaller(chunk_words, words_ - word), divide_up(count_, panel_width), count_, values};
  }

  void clear_gradients() {
    for (int64_t j = 0; j < words_; j++) {
      if (bias_gradient_) bias_gradient_[j] = 0;
      float* row = table_gradient_ ? row_of(table_gradient_, j) : nullptr;
      for (int64_t k = 0; row && k < width_; k++) row[k] = 0;
    }
  }

  void pack_states() {
    const PanelSource source = {state(first_), states_.row_stride, count_, width_};
    const int64_t rows = divide_up(count_, panel_width), columns = table_gradient_ ? panels_ : 0;
    auto tile = [&](int64_t index, int32_t) {
      const int64_t panel = index < rows ? index : index - rows;
      if (index < rows) {
        Factors::pack_row_panel(source, panel * panel_width, state_rows_ + panel * depth_ * panel_width);
      } else {
        const int64_t steps = Factors::steps(count_);
        Factors::pack_column_panel(source, panel * panel_width, state_columns_ + panel * steps * panel_width);
      }
    };
    for_each_tile(workers_, rows + columns, tile);
  }

  void forward() {
    auto tile = [&](int64_t index, int32_t participant) {
      [[maybe_unused]] typename Product::Session session;
      float* copies = each(participant);
      const Chunk chunk = chunk_of(index, keeps_ ? values_ + index * chunk_floats() : copies + copy_floats_);
      const float* rows = table_row(chunk.word);
      int64_t stride = table_.row_stride;
      if constexpr (Factors::copies_rows) {
        for (int64_t v = 0; v < chunk.words; v++)
          Factors::copy_row(table_row(chunk.word + v), width_, copies + v * row_stride_);
        rows = copies;
        stride = row_stride_;
      }
      multiply_chunk<Factors>(rows, stride, state_rows_, depth_, chunk);
      softmax_chunk(chunk, bias(), sums_of(index));
    };
    for_each_tile(workers_, chunks_, tile);
  }

  // Losses and hits; maxima become the factors of the chunks' exponentials in the derivatives.
  void join_chunks() {
    const float* weights = vector_of(call_.inputs[vocabulary_loss_op::weights]);
    float* losses = static_cast<float*>(call_.outputs[vocabulary_loss_op::losses].data) + first_;
    float* hits = static_cast<float*>(call_.outputs[vocabulary_loss_op::hits].data);
    for_each_row(workers_, divide_up(count_, lanes), 1, [&](int64_t index) {
      const int64_t j = index * lanes, n = smaller(lanes, count_ - j);
      Vector top = broadcast(no_logit), total = zero();
      for (int64_t c = 0; c < chunks_; c++) top = maximum(load(maxima_ + c * block_ + j), top);
      for (int64_t c = 0; c < chunks_; c++) {
        const float* maxima = maxima_ + c * block_ + j;
        total = fma(load(totals_ + c * block_ + j), exp(load(maxima) - top), total);
      }
      const Vector weight = weights ? load_partial(weights + first_ + j, n) : broadcast(1.0f);
      store(weights_ + j, weight);
      const Vector share = weight / total;
      for (int64_t c = 0; c < chunks_; c++) {
        float* maxima = maxima_ + c * block_ + j;
        store(maxima, exp(load(maxima) - top) * share);
      }
      float tops[lanes], all[lanes];
      store(tops, top);
      store(all, total);
      for (int64_t i = 0; i < n; i++) {
        const double sum = __builtin_log(static_cast<double>(all[i])) + static_cast<double>(tops[i]);
        const float own = own_[j + i];
        losses[j + i] = static_cast<float>(sum - static_cast<double>(own));
        if (hits) hits[first_ + j + i] = losses[j + i] == losses[j + i] && own >= tops[i] ? 1.0f : 0.0f;
      }
    });
  }

  // Turns a group of chunks into derivatives, by word and by position, and packs its rows of the table.
  void derive(int64_t first, int64_t chunks, int64_t words) {
    const PanelSource source = {table_row(first * chunk_words), table_.row_stride, words, width_};
    auto tile = [&](int64_t index, int32_t) {
      if (index < chunks) return derive_chunk(first + index, index, index + 1 == chunks);
      const int64_t panel = index - chunks, steps = Factors::steps(words);
      Factors::pack_column_panel(source, panel * panel_width, table_columns_ + panel * steps * panel_width);
    };
    for_each_tile(workers_, chunks + (state_gradient_ ? panels_ : 0), tile);
  }

  void derive_chunk(int64_t index, int64_t place, bool last) {
    const Chunk chunk = chunk_of(index, values_ + index * chunk_floats());
    const PositionSums sums = sums_of(index);
    for (int64_t p = 0; p < chunk.panels; p++) {
      float* derivatives = chunk.values + p * slot_floats;
      derive_panel(chunk, sums, weights_, p);
      if (bias_gradient_) add_bias(chunk, derivatives, p > 0 || add_);
      for (int64_t v = 0; table_gradient_ && v < chunk.words; v++) {
        Factors::store_word(derivatives + v * panel_width, p,
                            by_word_ + (place * chunk_words + v) * word_stride_);
      }
      if (!state_gradient_) continue;
      float* rows = by_position_ + p * panel_width * position_stride_;
      Factors::store_positions(derivatives, place * chunk_words, last, rows, position_stride_);
    }
  }

  void add_bias(const Chunk& chunk, const float* derivatives, bool add) {
    for (int64_t v = 0; v < chunk.words; v++) {
      Vector sum = zero();
      for (int64_t j = 0; j < panel_width; j += lanes) sum = sum + load(derivatives + v * panel_width + j);
      float& gradient = bias_gradient_[chunk.word + v];
      gradient = (add ? gradient : 0) + reduce_add(sum);
    }
  }

  // table_gradient[words] (+)= derivatives by word * states
  Linear table_product(int64_t word, int64_t words, int64_t count) const {
    Linear product = {};
    product.input = by_word_;
    product.input_stride = word_stride_;
    product.packed = state_columns_;
    product.output = row_of(table_gradient_, word);
    product.residual = add_ ? product.output : nullptr;
    product.output_stride = product.residual_stride = table_gradient_.row_stride;
    product.rows = words;
    product.inputs = Factors::steps(count);
    return of_width(product);
  }

  // state_gradient[positions] (+)= derivatives by position * the table's rows
  Linear state_product(int64_t word, int64_t words, int64_t count) const {
    Linear product = {};
    product.input = by_position_;
    product.input_stride = position_stride_;
    product.packed = table_columns_;
    product.output = row_of(state_gradient_, first_);
    product.residual = word > 0 ? product.output : nullptr;
    product.output_stride = product.residual_stride = state_gradient_.row_stride;
    product.rows = count;
    product.inputs = Factors::steps(words);
    return of_width(product);
  }

  Linear of_width(Linear product) const {
    product.outputs = width_;
    product.panels = panels_;
    cut<Product>(product);
    return product;
  }

  void backward(int64_t chunk) {
    const int64_t word = chunk * chunk_words, words = smaller(group_words, words_ - word);
    derive(chunk, divide_up(words, chunk_words), words);
    const auto sums = [this](int32_t participant) { return each(participant); };
    if (table_gradient_) {
      run_linear<Activation::identity, Product>(workers_, table_product(word, words, count_), sums);
    }
    if (state_gradient_) {
      run_linear<Activation::identity, Product>(workers_, state_product(word, words, count_), sums);
    }
  }

  const OpCall& call_;
  Workers& workers_;
  const TensorView &states_, &table_;                   // [positions, width], [words, width]
  const TensorView &state_gradient_, &table_gradient_;  // absent: not wanted
  float* bias_gradient_;                                // [words], null: not wanted
  int64_t positions_, words_, width_, chunks_;
  bool keeps_;                                          // the exponentials of a block, for its gradients
  int64_t block_;                                       // positions, whole panels
  int64_t panels_, depth_;                              // of the width
  int64_t row_stride_, word_stride_, position_stride_;  // in steps
  int64_t copy_floats_ = 0, each_floats_ = 0;
  int64_t first_ = 0, count_ = 0;                // the block's positions
  bool add_ = false;                             // to the gradients of table and bias
  float *own_ = nullptr, *weights_ = nullptr;    // [block]
  float *maxima_ = nullptr, *totals_ = nullptr;  // [chunks, block]
  float* state_rows_ = nullptr;                  // [panels of positions, depth, panel_width]
  float* values_ = nullptr;                      // [chunks][panels of positions, chunk_words, panel_width]
  float* state_columns_ = nullptr;               // [panels, steps of positions, panel_width]
  float* table_columns_ = nullptr;               // [panels, steps of a group, panel_width]
  float* by_word_ = nullptr;                     // [group_words, word_stride]
  float* by_position_ = nullptr;                 // [block, position_stride]
  float* each_ = nullptr;                        // [participants, each_floats]
};

template <typename Factors>
Status vocabulary_loss_of(const OpCall& call) {
  const Status checked = check_vocabulary_loss_data(call);
  return checked == Status::ok ? VocabularyLoss<Factors>(call).run() : checked;
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA

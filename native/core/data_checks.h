// What only a tensor's numbers can tell: ids within their tables, offsets that describe a ragged batch.
// Whoever reads memory through such numbers calls these first, in every host backend; the rest of a call is
// checked before it is queued (op_checks.h). Not inline, so that no instruction set compiles a copy of its
// own.
#pragma once

#include "op_call.h"

namespace likewise {

// token_ids, position_ids and type_ids within word, position and type.
Status check_embedding_data(const OpCall& call);
Status check_embedding_gradient_data(const OpCall& call);

// ids within table.
Status check_scatter_rows_data(const OpCall& call);
Status check_gather_rows_data(const OpCall& call);
Status check_gather_rows_int8_data(const OpCall& call);

// query_offsets and key_offsets: first 0, never falling, last the number of tokens.
Status check_attention_data(const OpCall& call);
Status check_attention_gradient_data(const OpCall& call);

// offsets as above; skip not negative.
Status check_pool_data(const OpCall& call);
Status check_pool_gradient_data(const OpCall& call);

// positives and weighted: columns or -1; excluded: ranges of columns; row_groups: below the number of rows.
Status check_cosine_softmax_loss_data(const OpCall& call);

// targets: words of the table.
Status check_vocabulary_loss_data(const OpCall& call);

// group_ends not negative, never falling, last the number of elements.
Status check_adamw_data(const OpCall& call);
Status check_lamb_data(const OpCall& call);

}  // namespace likewise

// All that computes, for one instruction set: CMakeLists.txt compiles this file once for each.
#include "batch_norm.h"
#include "conv.h"
#include "cross_entropy.h"
#include "dense.h"
#include "depthwise.h"
#include "image.h"
#include "kernels.h"
#include "pool.h"
#include "rows.h"
#include "updates.h"

#define GRADIENTE_STRING_OF(name) #name
#define GRADIENTE_STRING(name) GRADIENTE_STRING_OF(name)

namespace gradiente {
namespace GRADIENTE_ISA {

extern const Kernels kTable;
const Kernels kTable = {
    GRADIENTE_STRING(GRADIENTE_ISA),
    conv_forward,
    conv_input_gradient,
    conv_filter_gradient,
    depthwise_forward,
    depthwise_input_gradient,
    depthwise_filter_gradient,
    pooled_forward,
    pooled_input_gradient,
    pooled_filter_gradient,
    pooled_gradient,
    max_pool,
    max_pool_gradient,
    average_pool,
    average_pool_gradient,
    image_transform,
    product,
    column_sums,
    cross_entropy,
    batch_norm,
    batch_norm_gradient,
    gather_rows,
    update,
};

} // namespace GRADIENTE_ISA
} // namespace gradiente

#pragma once

#include <semlink/core/types.h>

namespace semlink::kernels {

/// Who uses a buffer; a kernel that calls another one must not share a slot with it.
enum class Slot {
  product_a,
  product_b,
  paired,
  attention,
  convolution_map,
  convolution_weight,
  convolution_result,
  count
};

/// Working memory of the calling thread: at least `size` floats, 64-byte aligned, contents undefined, valid until this
/// thread asks for the same slot again. It only grows, so that a kernel called thousands of times per second does not
/// allocate; it is released when the thread ends. This is the library's one exception to "no static mutable data": no
/// result depends on what a buffer holds or on where it lies.
float* scratch(Slot slot, Index size);

}  // namespace semlink::kernels

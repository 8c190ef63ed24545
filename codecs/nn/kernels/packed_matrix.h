#pragma once

#include <memory>

#include <semlink/core/types.h>

namespace semlink::kernels {

/// Gives back memory that was taken with 64-byte alignment.
struct ReleaseAligned {
  void operator()(float* memory) const;
};

/// The right factor of products, brought once into the order in which the tiles read it. A product of few rows spends a
/// third of its time on that order otherwise.
class PackedMatrix {
 public:
  /// B [k, n] row-major with row stride `ldb`. `b` must outlive this object.
  PackedMatrix(Index k, Index n, const float* b, Index ldb);

  Index k() const { return k_; }
  Index n() const { return n_; }

 private:
  friend void product(Index m, const float* a, Index lda, const PackedMatrix& b, float* c, Index ldc, const float* bias,
                      bool accumulate);
  Index k_, n_;
  const float* b_;
  Index ldb_;
  const char* level_;  // the order is that of one instruction set
  std::unique_ptr<float[], ReleaseAligned> values_;
};

/// C[m, n] = (accumulate ? C : 0) + A[m, k] B[k, n] (+ bias) in float: the bits of `product` on the same factors.
void product(Index m, const float* a, Index lda, const PackedMatrix& b, float* c, Index ldc, const float* bias,
             bool accumulate);

}  // namespace semlink::kernels

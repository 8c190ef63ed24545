#pragma once

#include <semlink/codecs/nn/kernels/kernels.h>

namespace semlink::kernels {

/// Replaces X = U S V^T, [rows, cols] contiguous, by about U V^T: the step direction of the Muon optimiser (Jordan et
/// al. 2024, "Muon: An optimizer for hidden layers in neural networks"). Five Newton-Schulz iterations
///   X <- 3.4445 X - 4.7750 (X X^T) X + 2.0315 (X X^T)^2 X,   X first divided by its Frobenius norm.
/// Not exact: singular values above about 1/400 of that norm end between 0.6 and 1.3, smaller ones grow by 3.4445^5. A
/// matrix of zeros stays one.
void orthogonalize(Index rows, Index cols, float* x, Precision precision);

}  // namespace semlink::kernels

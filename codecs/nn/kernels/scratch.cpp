#include <semlink/codecs/nn/kernels/scratch.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

namespace semlink::kernels {
namespace {

constexpr std::align_val_t kAlignment{64};

struct Release {
  void operator()(float* memory) const { ::operator delete[](memory, kAlignment); }
};

struct Buffer {
  std::unique_ptr<float[], Release> memory;
  Index size = 0;
};

thread_local std::array<Buffer, static_cast<std::size_t>(Slot::count)> buffers;

}  // namespace

float* scratch(Slot slot, Index size) {
  Buffer& buffer = buffers[static_cast<std::size_t>(slot)];
  if (buffer.size < size) {
    const Index grown = std::max(size, 2 * buffer.size);
    buffer.size = 0;
    buffer.memory.reset();
    buffer.memory.reset(static_cast<float*>(::operator new[](grown * sizeof(float), kAlignment)));
    buffer.size = grown;
  }
  return buffer.memory.get();
}

}  // namespace semlink::kernels

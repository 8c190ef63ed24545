#include <semlink/data/jpeg_reader.h>

#include <cstdio>
// jpeglib.h uses FILE and size_t without including them.
#include <jpeglib.h>

#include <csetjmp>
#include <string>

#include <semlink/core/error.h>

namespace semlink {
namespace {

/// libjpeg reports an error through a function that must not return; it jumps back to the decoder.
struct JumpingErrors {
  jpeg_error_mgr base;  // first: libjpeg hands out a pointer to it
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void jump_back(j_common_ptr common) {
  auto* errors = reinterpret_cast<JumpingErrors*>(common->err);
  common->err->format_message(common, errors->message);
  std::longjmp(errors->back, 1);
}

/// A warning is kept as damage; traces (level >= 0) are of no interest.
void on_message(j_common_ptr common, int level) {
  if (level < 0) jump_back(common);
}

/// A decompressor over a file in memory. Each step returns false when libjpeg complained; nothing with a destructor
/// lives between setjmp and longjmp.
class Decoder {
 public:
  explicit Decoder(const std::vector<std::uint8_t>& file) : file_(file) {
    state_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = jump_back;
    errors_.base.emit_message = on_message;
  }
  ~Decoder() { jpeg_destroy_decompress(&state_); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  bool start() {
    if (setjmp(errors_.back)) return false;
    jpeg_create_decompress(&state_);
    jpeg_mem_src(&state_, file_.data(), file_.size());
    jpeg_read_header(&state_, TRUE);
    state_.out_color_space = JCS_RGB;
    return true;
  }

  bool read(std::uint8_t* pixels) {
    if (setjmp(errors_.back)) return false;
    jpeg_start_decompress(&state_);
    const std::size_t stride = 3 * static_cast<std::size_t>(state_.output_width);
    while (state_.output_scanline < state_.output_height) {
      JSAMPROW row = pixels + state_.output_scanline * stride;
      jpeg_read_scanlines(&state_, &row, 1);
    }
    jpeg_finish_decompress(&state_);
    return true;
  }

  Index height() const { return state_.image_height; }
  Index width() const { return state_.image_width; }
  std::string message() const { return errors_.message; }

 private:
  const std::vector<std::uint8_t>& file_;
  jpeg_decompress_struct state_{};
  JumpingErrors errors_{};
};

}  // namespace

RgbPixels decode_jpeg(const std::filesystem::path& path, const std::vector<std::uint8_t>& file) {
  const auto damaged = [&](const Decoder& decoder) {
    return Error(ErrorCode::bad_file, path.string() + ": cannot be decoded as JPEG: " + decoder.message());
  };
  Decoder decoder(file);
  if (!decoder.start()) throw damaged(decoder);
  check_image_size(path, decoder.height(), decoder.width());
  RgbPixels pixels{decoder.height(), decoder.width(), {}};
  pixels.bytes.resize(3 * pixels.height * pixels.width);
  if (!decoder.read(pixels.bytes.data())) throw damaged(decoder);
  return pixels;
}

}  // namespace semlink

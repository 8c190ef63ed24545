#pragma once

#include <png.h>

#include <cstdio>
#include <cstdlib>
// jpeglib.h uses FILE and size_t without including them.
#include <jpeglib.h>

#include <cstdint>
#include <string>
#include <vector>

namespace semlink {

/// PNG file of 8-bit pixels in one of libpng's formats (PNG_FORMAT_GRAY, _RGB, _RGBA, ...).
inline std::string png_bytes(int height, int width, png_uint_32 format, const std::vector<std::uint8_t>& pixels) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.height = height;
  image.width = width;
  image.format = format;
  png_alloc_size_t size = 0;
  png_image_write_to_memory(&image, nullptr, &size, 0, pixels.data(), 0, nullptr);
  std::string bytes(size, 0);
  png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr);
  bytes.resize(size);
  return bytes;
}

/// JPEG file at quality 95 with full colour resolution; 1 (grey), 3 (RGB) or 4 (CMYK) channels.
inline std::string jpeg_bytes(int height, int width, int num_channels, const std::vector<std::uint8_t>& pixels) {
  jpeg_compress_struct state;
  jpeg_error_mgr errors;
  state.err = jpeg_std_error(&errors);
  jpeg_create_compress(&state);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&state, &memory, &size);
  state.image_height = height;
  state.image_width = width;
  state.input_components = num_channels;
  state.in_color_space = num_channels == 1 ? JCS_GRAYSCALE : num_channels == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&state);
  jpeg_set_quality(&state, 95, TRUE);
  for (int i = 0; i < state.num_components; ++i)
    state.comp_info[i].h_samp_factor = state.comp_info[i].v_samp_factor = 1;
  jpeg_start_compress(&state, TRUE);
  while (state.next_scanline < state.image_height) {
    auto* row = const_cast<JSAMPROW>(pixels.data() + state.next_scanline * width * num_channels);
    jpeg_write_scanlines(&state, &row, 1);
  }
  jpeg_finish_compress(&state);
  const std::string bytes(reinterpret_cast<char*>(memory), size);
  jpeg_destroy_compress(&state);
  std::free(memory);
  return bytes;
}

}  // namespace semlink
